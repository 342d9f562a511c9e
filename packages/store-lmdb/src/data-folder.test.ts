import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { FakeClock } from '@millrace/server/testing'
import { afterAll, describe, expect, it, vi } from 'vitest'
import {
  ALL,
  brokerOn,
  Folders,
  item,
  KEEP,
  nobody,
  silent,
  started,
  uniqueRandom,
  using,
} from '../test/support.js'
import { openBroker } from './index.js'
import { ownIdentity } from './process-identity.js'
import { Store } from './store.js'

const folders = new Folders()
afterAll(() => folders.remove())

/** A folder with one publication, and with such a lock. */
async function folderWith(lock?: object | string): Promise<string> {
  const folder = folders.make()
  await using({ folder }, (broker) => Promise.resolve(broker.append('a:b', item(1), KEEP)))
  if (lock !== undefined)
    writeFileSync(join(folder, 'lock'), typeof lock === 'string' ? lock : JSON.stringify(lock))
  return folder
}

const opens = (folder: string): Promise<number> =>
  using({ folder }, async (broker) => (await broker.read('a:b', ALL, KEEP)).head.offset)

const old = (folder: string): void => {
  const time = Date.now() / 1000 - 31
  utimesSync(join(folder, 'lock'), time, time)
}

describe('the lock', () => {
  it('turns a second broker away, naming folder and process', async () => {
    const folder = folders.make()
    const broker = await started({ folder })
    await expect(opens(folder)).rejects.toThrow(
      `The store in '${folder}' is open in this process (${process.pid}) already: close that`,
    )
    expect((await broker.append('a:b', item(1), KEEP)).offset).toBe(1)
    await broker.close()
    expect(existsSync(join(folder, 'lock'))).toBe(false)
    expect(await opens(folder)).toBe(1)
  })

  it('of another living process is respected', async () => {
    const folder = await folderWith({ host: hostname(), pid: process.ppid, token: 'x' })
    await expect(opens(folder)).rejects.toThrow(`is open in process ${process.ppid}: close that`)
    old(folder)
    await expect(opens(folder)).rejects.toThrow(`is open in process ${process.ppid}`)
  })

  it('of a dead process is taken over', async () => {
    const { pid } = spawnSync(process.execPath, ['--version'])
    const folder = await folderWith({ host: hostname(), pid, started: 'then', token: 'x' })
    expect(await opens(folder)).toBe(1)
  })

  it.skipIf(process.platform !== 'linux')(
    'of a killed process that its parent has not waited for is taken over',
    async () => {
      // The parent becomes a program that waits for nobody.
      const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      try {
        const [said] = (await once(parent.stdout, 'data')) as [Buffer]
        const pid = Number(said)
        const folder = await folderWith({ host: hostname(), pid, token: 'x' })
        await expect(opens(folder)).rejects.toThrow(`is open in process ${pid}`)
        process.kill(pid, 'SIGKILL')
        await vi.waitUntil(() => readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z '))
        expect(await opens(folder)).toBe(1)
      } finally {
        parent.kill('SIGKILL')
      }
    },
  )

  it.skipIf(process.platform === 'win32')(
    'of a process whose id another one has now is taken over',
    async () => {
      const folder = await folderWith({ ...ownIdentity(), started: 'another boot:1', token: 'x' })
      expect(await opens(folder)).toBe(1)
    },
  )

  it('of another machine is respected while it is renewed', async () => {
    const folder = await folderWith({ host: 'elsewhere', pid: 1, token: 'x' })
    await expect(opens(folder)).rejects.toThrow(`is open in process 1 of machine 'elsewhere'`)
    old(folder)
    expect(await opens(folder)).toBe(1)
  })

  it('is renewed with each sweep', async () => {
    const clock = new FakeClock()
    const folder = folders.make()
    const broker = await started({ folder, clock })
    old(folder)
    await clock.advance(10_000)
    expect(Date.now() - statSync(join(folder, 'lock')).mtimeMs).toBeLessThan(30_000)
    await broker.close()
  })

  it('that is not whole is one being taken, or that of a crash long ago', async () => {
    const folder = await folderWith('{"pid":')
    await expect(opens(folder)).rejects.toThrow('is being opened by another process just now')
    old(folder)
    expect(await opens(folder)).toBe(1)
  })

  it('is given back when the store cannot be opened', async () => {
    const folder = await folderWith()
    writeFileSync(join(folder, 'store.json'), '{"format":99,"lineage":"x"}')
    await expect(opens(folder)).rejects.toThrow('format 99')
    expect(existsSync(join(folder, 'lock'))).toBe(false)
  })
})

describe('a folder that cannot be used', () => {
  it('of a newer format is left alone', async () => {
    const folder = await folderWith()
    writeFileSync(join(folder, 'store.json'), '{"format":3,"lineage":"x","more":true}')
    const message = `The store in '${folder}' has format 3, and this version of @millrace/store-lmdb knows formats up to 2: run the newer version`
    await expect(opens(folder)).rejects.toThrow(message)
    expect(readFileSync(join(folder, 'store.json'), 'utf8')).toContain('more')
  })

  it('of a newer format is known by its data alone, as in a copy that was put back', async () => {
    const folder = folders.make()
    mkdirSync(folder)
    const store = await Store.open(folder, 'quick')
    await store.write((writer) => writer.putFact('format', 3))
    await store.close()
    await expect(opens(folder)).rejects.toThrow('has format 3')
  })

  it.each([
    ['text', (path: string) => writeFileSync(path, 'not a database, '.repeat(1_000))],
    ['zeros', (path: string) => writeFileSync(path, Buffer.alloc(20_000))],
    ['a few bytes', (path: string) => writeFileSync(path, 'x')],
    ['only its beginning', (path: string) => truncateSync(path, 8_192)],
    ['a part of itself', (path: string) => truncateSync(path, Math.floor(statSync(path).size / 2))],
  ])('with %s for data says which file, and what to do', async (_name, damage) => {
    const folder = folders.make()
    await using({ folder }, async (broker) => {
      await Promise.all(
        Array.from({ length: 500 }, (_, n) => broker.append(`a:${n}`, item('x'.repeat(99)), KEEP)),
      )
    })
    const path = join(folder, 'data.mdb')
    damage(path)
    const { size } = statSync(path)
    await expect(opens(folder)).rejects.toThrow(`The store in '${folder}' cannot be read: ${path} is `)
    await expect(opens(folder)).rejects.toThrow('Put a backup of data.mdb back, or move the folder away')
    expect(statSync(path).size).toBe(size)
  })

  it('with a damaged stream says so to who uses it, and serves the others', async () => {
    const folder = folders.make()
    await using({ folder }, async (broker) => {
      for (const n of [1, 2, 3]) await broker.append('a:b', item(n), KEEP)
      await broker.append('a:whole', item(1), KEEP)
    })
    const store = await Store.open(folder, 'quick')
    await store.write((writer) => {
      writer.removeEntry(1, 2)
      writer.putEntry(1, 3, Buffer.from('no entry'))
    })
    await store.close()
    await using({ folder }, async (broker) => {
      const read = (before: number): Promise<unknown> => broker.read('a:b', { before, limit: 1 }, KEEP)
      const path = join(folder, 'data.mdb')
      await expect(read(3)).rejects.toThrow(`${path} is damaged (publication 2 of 'a:b' is missing)`)
      await expect(read(4)).rejects.toThrow(`${path} is damaged (an entry has a layout that is not known)`)
      expect((await broker.append('a:whole', item(2), KEEP)).offset).toBe(2)
    })
  })

  it('with a store.json that is none says so', async () => {
    const folder = await folderWith()
    writeFileSync(join(folder, 'store.json'), '[1]')
    await expect(opens(folder)).rejects.toThrow(
      `${join(folder, 'store.json')} is not what a store writes there`,
    )
  })

  it('begins again when its process died before it wrote anything', async () => {
    const folder = folders.make()
    mkdirSync(folder)
    writeFileSync(join(folder, 'data.mdb'), '')
    expect(await opens(folder)).toBe(0)
  })

  it('under a file cannot be created', async () => {
    const file = join(dirname(folders.make()), 'file')
    writeFileSync(file, '')
    await expect(opens(join(file, 'store'))).rejects.toThrow(
      `The store in '${join(file, 'store')}' cannot begin: the folder cannot be created`,
    )
    await expect(opens(file)).rejects.toThrow('cannot begin: the folder cannot be')
  })
})

describe('the URL', () => {
  const parts = { clock: new FakeClock(), random: uniqueRandom, logger: silent }
  const open = async (url: string): Promise<unknown> => openBroker(new URL(url), parts)

  it('names a folder', async () => {
    const folder = `${folders.make()} ü`
    const broker = await openBroker(new URL(`disk:${folder}`), parts)
    await broker.start(nobody)
    expect(broker.exact).toBe(true)
    expect((await broker.append('a:b', item(1), KEEP)).offset).toBe(1)
    await broker.close()
    expect(existsSync(join(folder, 'data.mdb'))).toBe(true)
  })

  it('is relative to the working directory', async () => {
    const broker = await openBroker(new URL('disk:./package.json/store'), parts)
    await expect(broker.start(nobody)).rejects.toThrow(`'${join(process.cwd(), 'package.json', 'store')}'`)
  })

  it.each([
    ['disk://data/store', "'disk://data…' names a host"],
    ['disk:./store?sync=off', "takes no options, and got '?sync=off'"],
    ['disk:', 'names no folder'],
    ['disk:./100%', 'has a % that is no escape'],
    ['redis:x', "'redis:' is no store on disk"],
  ])('%s makes no sense', async (url, message) => {
    await expect(open(url)).rejects.toThrow(message)
    await expect(open(url)).rejects.toThrow("write 'disk:./folder'")
  })

  it('leaves a broker that never started harmless', async () => {
    await brokerOn({ folder: folders.make() }).close()
  })
})
