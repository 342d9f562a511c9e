import { truncateSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock, Logger, Random } from '@millrace/server'
import { checkFormat, FILES, FORMATS, prepareFolder, readAbout, writeAbout } from './data-folder.js'
import { DiskMembers } from './disk-members.js'
import { DiskStreams, type DiskStreamsOptions } from './disk-streams.js'
import { checkFile, type FileLook } from './file-check.js'
import { FolderLock } from './folder-lock.js'
import { Store } from './store.js'
import { Sweeper } from './sweeper.js'

export interface OpenFolderOptions extends Pick<DiskStreamsOptions, 'ids' | 'deliver'> {
  readonly folder: string
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly forgetAfter: number
  isJoined(channel: string): boolean
}

const FACTS = { format: 'format', lineage: 'lineage', secret: 'secret' } as const

/** A folder that this process holds: its lock, its tables, its streams, and what tidies them. */
export class OpenFolder {
  readonly streams: DiskStreams
  readonly members: DiskMembers
  readonly #lock: FolderLock
  readonly #store: Store
  readonly #sweeper: Sweeper

  private constructor(options: OpenFolderOptions, lock: FolderLock, { store, lineage }: Opened) {
    const { clock, logger, forgetAfter, isJoined } = options
    this.#lock = lock
    this.#store = store
    const deliver: OpenFolderOptions['deliver'] = (channel, epoch, publication) => {
      try {
        options.deliver(channel, epoch, publication)
      } catch (error) {
        // It is stored, and its publisher must hear so.
        logger.error('A listener failed on a publication', { channel, offset: publication.offset, error })
      }
    }
    const streams = new DiskStreams({ store, clock, lineage, ids: options.ids, deliver })
    this.streams = streams
    this.members = new DiskMembers({ store, streams, logger })
    const onSweep = (): void => lock.renew(Date.now())
    this.#sweeper = new Sweeper({ streams, store, clock, logger, forgetAfter, isJoined, onSweep })
  }

  /**
   * Takes the folder for this process, and opens what is in it.
   * @throws {Error} that names the folder, and says what is wrong with it and what to do.
   */
  static async open(options: OpenFolderOptions): Promise<OpenFolder> {
    const { folder, random } = options
    prepareFolder(folder)
    const lock = FolderLock.acquire({ folder, token: random.id() })
    let opened: Opened | undefined
    try {
      opened = await openStore(options)
      return new OpenFolder(options, lock, opened)
    } catch (error) {
      await opened?.store.close()
      lock.release()
      throw error
    }
  }

  /** The secret that is kept here, from the first proposal on. */
  async secret(proposal: string): Promise<string> {
    const kept = this.#store.fact(FACTS.secret)
    if (typeof kept === 'string') return kept
    await this.streams.write((writer) => writer.putFact(FACTS.secret, proposal))
    return proposal
  }

  get flushes(): number {
    return this.#store.flushes
  }

  backup(file: string): Promise<void> {
    return this.#store.backup(file)
  }

  async close(): Promise<void> {
    await this.#sweeper.stop()
    await this.streams.idle()
    await this.#store.close()
    this.#lock.release()
  }
}

interface Opened {
  readonly store: Store
  readonly lineage: string
}

async function openStore({ folder, random, logger }: OpenFolderOptions): Promise<Opened> {
  const about = readAbout(folder)
  const look = checkFile(folder)
  if (look.is === 'none' && about !== undefined)
    logger.warn(`The store's ${FILES.data} is gone: it begins again, empty`, { folder })
  const store = await openTables(folder, look)
  try {
    const format = Number(store.fact(FACTS.format) ?? FORMATS.first)
    checkFormat(folder, format)
    const kept = store.fact(FACTS.lineage)
    if (about !== undefined && about.lineage === kept) {
      // What is stored tells first that it has become another.
      if (about.format !== format) writeAbout(folder, { format, lineage: kept })
      return { store, lineage: kept }
    }
    const lineage = random.id()
    if (kept !== undefined)
      logger.warn('The store was put back from a copy: its streams go on in other epochs', { folder })
    await store.write((writer) => {
      writer.putFact(FACTS.format, format)
      writer.putFact(FACTS.lineage, lineage)
    })
    writeAbout(folder, { format, lineage })
    return { store, lineage }
  } catch (error) {
    await store.close()
    throw error
  }
}

async function openTables(folder: string, look: FileLook): Promise<Store> {
  if (look.is !== 'doubtful') return Store.open(folder, 'quick')
  try {
    return await Store.open(folder, 'thorough')
  } catch (error) {
    // It is left as it was found, so that it does not look whole the next time.
    truncateSync(join(folder, FILES.data), look.size)
    throw error
  }
}
