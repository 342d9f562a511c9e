import { readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { FILES, reasonOf, storeError } from './data-folder.js'
import { ownIdentity, type ProcessIdentity, stillRuns } from './process-identity.js'

/** What the lock says: who holds it, and a name for this holding, so that nobody removes another's. */
interface Holder extends ProcessIdentity {
  readonly token: string
}

export interface LockOptions {
  readonly folder: string
  /** A name no other lock has. */
  readonly token: string
}

/** A lock of another machine, whose processes cannot be asked for, is stale when it was not renewed for so many milliseconds. */
const ABANDONED_AFTER = 30_000

/**
 * The lock on a folder: a file that names the process that holds it. One that a dead process left behind is taken over.
 */
export class FolderLock {
  readonly #path: string
  readonly #token: string

  private constructor(path: string, token: string) {
    this.#path = path
    this.#token = token
  }

  /**
   * Takes the lock.
   * @throws {Error} when a living process holds it, or one of another machine that renewed it within 30 s.
   */
  static acquire({ folder, token }: LockOptions): FolderLock {
    const path = join(folder, FILES.lock)
    const own = JSON.stringify({ ...ownIdentity(), token } satisfies Holder)
    try {
      if (!createWhole(path, own)) takeOver(folder, own)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error
      throw storeError(
        folder,
        `cannot begin: its lock cannot be written (${reasonOf(error)}). Is the folder writable?`,
        error,
      )
    }
    return new FolderLock(path, token)
  }

  /** Shows other machines that the holder is alive. To be called more often than every 30 s. */
  renew(time: number): void {
    try {
      utimesSync(this.#path, time / 1000, time / 1000)
    } catch {
      // A lock somebody removed by hand cannot be renewed, and the store is none the worse for it.
    }
  }

  release(): void {
    if (read(this.#path)?.token === this.#token) rmSync(this.#path, { force: true })
  }
}

/** Creates the file; false when it is there already. */
function createWhole(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Replaces a stale lock. A second file lets one process at a time do so: of two that see a stale lock, one must lose. */
function takeOver(folder: string, own: string): void {
  const path = join(folder, FILES.lock)
  const turn = `${path}.taking`
  refuseIfHeld(folder, path)
  if (!createWhole(turn, own)) {
    refuseIfHeld(folder, turn)
    // Whoever took its turn here died within it.
    rmSync(turn, { force: true })
    if (!createWhole(turn, own)) throw storeError(folder, 'is being opened by another process just now')
  }
  try {
    // Somebody else may have had the turn since the first look.
    refuseIfHeld(folder, path)
    writeFileSync(`${path}.new`, own)
    renameSync(`${path}.new`, path)
  } finally {
    rmSync(turn, { force: true })
  }
}

/** Throws when a living process holds this lock. */
function refuseIfHeld(folder: string, path: string): void {
  const holder = read(path)
  const age = ageOf(path)
  if (age === undefined) return
  if (holder === undefined) {
    // Half a lock is one that is being written, or that a crash left.
    if (age > ABANDONED_AFTER) return
    throw storeError(folder, `is being opened by another process just now (${path} is not whole yet)`)
  }
  const own = ownIdentity()
  if (holder.host === own.host) {
    if (!stillRuns(holder)) return
    const who = holder.pid === own.pid ? `this process (${own.pid}) already` : `process ${holder.pid}`
    throw storeError(folder, `is open in ${who}: close that, or name another folder`)
  }
  if (age > ABANDONED_AFTER) return
  throw storeError(
    folder,
    `is open in process ${holder.pid} of machine '${holder.host}': close that, or name another folder. If it is gone, ` +
      `the lock ends ${ABANDONED_AFTER / 1000} s after its last renewal, or when you remove ${path}`,
  )
}

function read(path: string): Holder | undefined {
  try {
    const holder = JSON.parse(readFileSync(path, 'utf8')) as Partial<Holder> | null
    const whole = typeof holder?.pid === 'number' && typeof holder.host === 'string'
    return whole ? (holder as Holder) : undefined
  } catch {
    return undefined
  }
}

/** Milliseconds since the lock was renewed; undefined when it is gone. */
function ageOf(path: string): number | undefined {
  try {
    return Date.now() - statSync(path).mtimeMs
  } catch {
    return undefined
  }
}
