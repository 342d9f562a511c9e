import type { EntryStore, OutboxEntry } from './entry.js'

/** An entry as it lies in the database: whose it is, and in which order it came. */
interface Row<Entry> {
  readonly order?: IDBValidKey
  readonly owner: string
  readonly entry: Entry
}

const ROWS = 'entries'
const VERSION = 1

/**
 * Keeps entries in the browser's IndexedDB, so that they survive a reload, a crash and a closed tab. Tabs of one origin may
 * share a name: each has entries of its own, and the next tab that opens takes over those of tabs that are gone, which the
 * Web Locks API knows. Where there is none, it takes over all.
 * `open()` rejects where IndexedDB is forbidden, as in some private windows.
 */
export function indexedDbStore<Entry extends { readonly id: string } = OutboxEntry>(
  name = 'millrace-outbox',
): EntryStore<Entry> {
  const owner = crypto.getRandomValues(new Uint32Array(4)).join('-')
  const orders = new Map<string, IDBValidKey>()
  let database: Promise<IDBDatabase> | undefined
  let letGo = () => {}

  const rows = async (mode: IDBTransactionMode): Promise<IDBObjectStore> => {
    database ??= openDatabase(name)
    return (await database).transaction(ROWS, mode).objectStore(ROWS)
  }
  return {
    async open() {
      await hold(lockOf(name, owner), new Promise<void>((resolve) => (letGo = resolve)))
      const all = (await done((await rows('readonly')).getAll())) as Row<Entry>[]
      const gone = await ownersGone(name, new Set(all.map((row) => row.owner)))
      const left = all.filter((row) => row.owner !== owner && gone.has(row.owner))
      const store = await rows('readwrite')
      for (const row of left) {
        if (row.order !== undefined) orders.set(row.entry.id, row.order)
        store.put({ ...row, owner })
      }
      await finished(store.transaction)
      return left.map(({ entry }) => entry)
    },
    async put(entry) {
      const order = orders.get(entry.id)
      const row: Row<Entry> = { ...(order !== undefined && { order }), owner, entry }
      orders.set(entry.id, await done((await rows('readwrite')).put(row)))
    },
    async remove(id) {
      const order = orders.get(id)
      orders.delete(id)
      if (order !== undefined) await done((await rows('readwrite')).delete(order))
    },
    close() {
      letGo()
      void database?.then((open) => open.close())
    },
  }
}

const lockOf = (name: string, owner: string): string => `${name}/${owner}`

/** Holds a lock until the promise is settled; resolves when it is held. */
async function hold(lock: string, until: Promise<void>): Promise<void> {
  const { locks } = navigator
  if (locks === undefined) return
  await new Promise<void>((resolve) => {
    void locks.request(lock, () => {
      resolve()
      return until
    })
  })
}

/** Those of the owners whose tabs are gone: nobody holds their locks. */
async function ownersGone(name: string, owners: ReadonlySet<string>): Promise<ReadonlySet<string>> {
  const { locks } = navigator
  if (locks === undefined) return owners
  const { held = [] } = await locks.query()
  const alive = new Set(held.map((lock) => lock.name))
  return new Set([...owners].filter((owner) => !alive.has(lockOf(name, owner))))
}

function openDatabase(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(name, VERSION)
  request.onupgradeneeded = () => {
    request.result.createObjectStore(ROWS, { keyPath: 'order', autoIncrement: true })
  }
  return done(request)
}

const done = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })

const finished = (transaction: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error)
  })
