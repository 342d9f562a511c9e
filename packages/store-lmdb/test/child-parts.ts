/** What the processes that tests start have in common. */
import { writeSync } from 'node:fs'
import type { Clock } from '@millrace/server'
import { LmdbBroker } from '../src/index.js'

export const KEEP_ALL = { size: 1_000_000, ttl: 3_600_000 }
export const KEEP_FEW = { size: 50, ttl: 3_600_000 }

/** Where few are kept, what is trimmed is at stake too. */
export const CHANNELS = { 'a:1': KEEP_ALL, 'a:2': KEEP_ALL, 'a:few': KEEP_FEW } as const

/** Streams that keep the newest of each key, and of how many keys: of some, more than they keep. */
export const STATES = {
  's:all': { keep: { ...KEEP_ALL, latest: true }, keys: 40 },
  's:few': { keep: { ...KEEP_ALL, size: 5, latest: true }, keys: 12 },
} as const
/** One key, whose value grows by one with each publication that is stored. */
export const COUNTER = { channel: 's:count', keep: { ...KEEP_ALL, latest: true } } as const

const clock: Clock = {
  now: Date.now,
  schedule: (delay, task) => {
    const timer = setTimeout(task, delay)
    return () => clearTimeout(timer)
  },
}

/** Writes at once, so that what was said before a kill was said. */
export const say = (line: string): void => void writeSync(1, `${line}\n`)

export function systemBroker(folder: string): LmdbBroker {
  const logger = { debug: () => {}, info: () => {}, warn: say, error: say }
  return new LmdbBroker({ folder, clock, random: { id: () => crypto.randomUUID() }, logger })
}
