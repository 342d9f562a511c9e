/** What this package's tests share. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BrokerListener, Logger, NewPublication, StreamOptions } from '@millrace/server'
import { FakeClock } from '@millrace/server/testing'
import { LmdbBroker, type LmdbBrokerOptions } from '../src/index.js'

export const KEEP: StreamOptions = { size: 100, ttl: 60_000 }
export const ALL = { before: Number.MAX_SAFE_INTEGER, limit: 1_000_000 } as const

export const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

export const nobody: BrokerListener = {
  publication: () => {},
  ephemeral: () => {},
  presence: () => {},
  interrupted: () => {},
}

/** Names that no other test or start has. */
export const uniqueRandom = { id: () => crypto.randomUUID() }

export const item = (value: unknown, id?: string): NewPublication => ({
  id,
  data: { codec: 'json', text: JSON.stringify(value) },
})

/** Folders that are removed in the end. */
export class Folders {
  readonly #made: string[] = []

  make(): string {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-lmdb-'))
    this.#made.push(folder)
    return join(folder, 'store')
  }

  alsoRemove(folder: string): void {
    this.#made.push(folder)
  }

  remove(): void {
    for (const folder of this.#made.splice(0)) rmSync(folder, { recursive: true, force: true })
  }
}

export type Given = Partial<LmdbBrokerOptions> & { readonly folder: string }

export const brokerOn = (given: Given): LmdbBroker =>
  new LmdbBroker({ clock: new FakeClock(), random: uniqueRandom, logger: silent, ...given })

export async function started(given: Given, listener: BrokerListener = nobody): Promise<LmdbBroker> {
  const broker = brokerOn(given)
  await broker.start(listener)
  return broker
}

/** Runs with a broker on the folder, and closes it. */
export async function using<T>(given: Given, run: (broker: LmdbBroker) => Promise<T>): Promise<T> {
  const broker = await started(given)
  try {
    return await run(broker)
  } finally {
    await broker.close()
  }
}

/** Lets the platform's own work, such as a flush, come to an end: turns of the event loop until `done` says so. */
export async function turnsUntil(done: () => Promise<boolean> | boolean): Promise<void> {
  for (const begun = performance.now(); performance.now() - begun < 15_000; ) {
    if (await done()) return
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
  throw new Error('It did not come to pass')
}
