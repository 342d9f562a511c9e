/** Looks at LMDB's file before LMDB maps it into memory, where a file that is none, or is cut short, could end the process. */
import { closeSync, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { corruptError, FILES, reasonOf, storeError } from './data-folder.js'

/** LMDB's file begins with two meta pages; these are the places of their fields (mdb.c, MDB_meta). */
const META = { magic: 24, version: 28, pageSize: 48, lastPage: 144, length: 168 } as const
const MAGIC = 0xbeefc0de
const PAGE_SIZES = { least: 256, most: 65_536 } as const

interface Meta {
  readonly pageSize: number
  readonly lastPage: number
}

/**
 * How the file looks. LMDB may leave out pages at the end that nothing uses, so one that is short may be whole or not: it
 * was filled up with empty pages, and has to be read through to know.
 */
export type FileLook =
  | { readonly is: 'none' | 'whole' }
  /** `size` is what it was before: what it should be again when it proves to be damaged. */
  | { readonly is: 'doubtful'; readonly size: number }

/**
 * Checks that the file is LMDB's and has all its pages.
 * @throws {Error} for a file that is none of LMDB's, saying what to do.
 */
export function checkFile(folder: string): FileLook {
  const file = openFile(folder)
  if (file === undefined) return { is: 'none' }
  try {
    const { size } = fstatSync(file)
    // LMDB had not written anything yet when its process ended.
    if (size === 0) return { is: 'none' }
    const first = readMeta(file, 0)
    const second = first === undefined ? undefined : readMeta(file, first.pageSize)
    if (first === undefined || second === undefined) {
      throw corruptError(folder, FILES.data, { what: 'is no LMDB data file, or its beginning is damaged' })
    }
    const whole = (Math.max(first.lastPage, second.lastPage) + 1) * first.pageSize
    if (size >= whole) return { is: 'whole' }
    ftruncateSync(file, whole)
    return { is: 'doubtful', size }
  } finally {
    closeSync(file)
  }
}

function openFile(folder: string): number | undefined {
  try {
    return openSync(join(folder, FILES.data), 'r+')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw storeError(
      folder,
      `cannot begin: ${FILES.data} cannot be opened for reading and writing (${reasonOf(error)})`,
      error,
    )
  }
}

function readMeta(file: number, at: number): Meta | undefined {
  const bytes = Buffer.alloc(META.length)
  if (readSync(file, bytes, 0, META.length, at) < META.length) return undefined
  if (bytes.readUInt32LE(META.magic) !== MAGIC) return undefined
  const pageSize = bytes.readUInt32LE(META.pageSize)
  const lastPage = Number(bytes.readBigUInt64LE(META.lastPage))
  if (pageSize < PAGE_SIZES.least || pageSize > PAGE_SIZES.most) return undefined
  return { pageSize, lastPage }
}
