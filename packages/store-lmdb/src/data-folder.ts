/** The folder on disk: what lies in it, whether it can be used, and what to tell when it cannot. */
import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

/** What a folder's format says is in it: grows, for that folder, when an older Millrace could no longer read what is on disk. */
export const FORMATS = {
  /** What there was from the first version on. */
  first: 1,
  /** Streams that keep the newest publication of each key. */
  latest: 2,
} as const
const NEWEST: number = FORMATS.latest

export const FILES = {
  /** LMDB's pages. */
  data: 'data.mdb',
  /** Format and lineage. */
  about: 'store.json',
  /** Which process has the folder open. */
  lock: 'lock',
} as const

/** What store.json says. */
export interface About {
  readonly format: number
  /** Names this line of the store's life: a copy that is put back begins another, and so other epochs. */
  readonly lineage: string
}

/** An error about the store, which names its folder. */
export const storeError = (folder: string, what: string, cause?: unknown): Error =>
  new Error(`The store in '${folder}' ${what}`, cause === undefined ? {} : { cause })

/** What to do about a file that makes no sense. */
export const corruptError = (folder: string, file: string, why: { what: string; cause?: unknown }): Error =>
  storeError(
    folder,
    `cannot be read: ${join(folder, file)} ${why.what}. Put a backup of ${FILES.data} back, or move the folder away and begin with an empty one`,
    why.cause,
  )

/**
 * Makes the folder if it is not there.
 * @throws {Error} when it cannot be made or written, saying why.
 */
export function prepareFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    throw storeError(
      folder,
      `cannot begin: the folder cannot be created (${reasonOf(error)}). Create it, or name another`,
      error,
    )
  }
  try {
    if (!statSync(folder).isDirectory()) throw new Error('it is no folder')
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    throw storeError(
      folder,
      `cannot begin: the folder cannot be written (${reasonOf(error)}). Give this process's user the right to, or name another`,
      error,
    )
  }
}

/**
 * Reads store.json; undefined when there is none.
 * @throws {Error} when it makes no sense or is of a newer format.
 */
export function readAbout(folder: string): About | undefined {
  let text: string
  try {
    text = readFileSync(join(folder, FILES.about), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw storeError(folder, `cannot be read: ${FILES.about} (${reasonOf(error)})`, error)
  }
  const about = parsed(text)
  if (typeof about?.format !== 'number' || typeof about.lineage !== 'string') {
    const what = `is not what a store writes there. If ${FILES.data} is whole, remove it: the streams stay, under other epochs`
    throw corruptError(folder, FILES.about, { what })
  }
  checkFormat(folder, about.format)
  return { format: about.format, lineage: about.lineage }
}

/** Throws for a format that only a newer Millrace knows. */
export function checkFormat(folder: string, format: number): void {
  if (format <= NEWEST) return
  throw storeError(
    folder,
    `has format ${format}, and this version of @millrace/store-lmdb knows formats up to ${NEWEST}: run the newer version that wrote it, or name another folder`,
  )
}

/** Writes store.json whole or not at all, and makes the folder and its new files outlast a loss of power. */
export function writeAbout(folder: string, about: About): void {
  const path = join(folder, FILES.about)
  writeFileSync(`${path}.new`, `${JSON.stringify(about)}\n`, { flush: true })
  renameSync(`${path}.new`, path)
  flushNames(folder)
  flushNames(dirname(folder))
}

/** A file's flush says nothing about its name, which belongs to the folder. */
function flushNames(folder: string): void {
  // Windows flushes names by itself, and cannot open folders.
  if (process.platform === 'win32') return
  let file: number | undefined
  try {
    file = openSync(folder, 'r')
    fsyncSync(file)
  } catch {
    // A parent that may not be read, or a file system that flushes no folders: there is nothing more to be done.
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

/** The platform's reason, in short. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

function parsed(text: string): Partial<About> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
