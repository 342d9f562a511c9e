import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import type { Ticket } from './domain/ticket.js'

/** What outlives a restart: the tickets, and the secret, without which every customer would become a stranger. */
export interface Store {
  readonly secret: string
  readonly tickets: readonly Ticket[]
  /** Saves soon: changes that come close together are written once. */
  save(tickets: () => readonly Ticket[]): void
  /** Writes what is still to be written. */
  flush(): void
}

/** Keeps nothing: for tests, and where no folder may be written to. */
export const memoryStore = (tickets: readonly Ticket[] = []): Store => ({
  secret: randomBytes(32).toString('base64url'),
  tickets,
  save: () => {},
  flush: () => {},
})

const Mark = z.object({ time: z.number(), offset: z.number() })
const Receipt = z.object({ delivered: Mark, read: Mark })
const Person = z.object({ id: z.string(), name: z.string() })
const Base = z.object({
  id: z.string(),
  customer: Person,
  openedAt: z.number(),
  receipts: z.object({ customer: Receipt, agent: Receipt }),
  version: z.number(),
})
const SavedTicket = z.discriminatedUnion('status', [
  Base.extend({ status: z.literal('waiting') }),
  Base.extend({ status: z.literal('active'), agent: Person, takenAt: z.number() }),
  Base.extend({
    status: z.literal('closed'),
    agent: Person.optional(),
    takenAt: z.number().optional(),
    closedAt: z.number(),
    closedBy: z.enum(['customer', 'agent']),
  }),
])
const Saved = z.object({ secret: z.string().min(32), tickets: z.array(SavedTicket) })

/** How long changes are gathered before the file is written, in milliseconds. */
const GATHER = 250

/**
 * Keeps everything in one JSON file that only its owner may read. It is written beside and renamed, so a crash leaves
 * the old file or the new one. Throws when the file is there but is not ours: it is not overwritten.
 */
export function fileStore(path: string): Store {
  const { secret, tickets } = load(path)
  let unsaved: (() => readonly Ticket[]) | undefined
  let timer: NodeJS.Timeout | undefined
  const write = (): void => {
    clearTimeout(timer)
    timer = undefined
    if (unsaved === undefined) return
    const text = JSON.stringify({ secret, tickets: unsaved() })
    unsaved = undefined
    writeFileSync(`${path}.new`, text, { mode: 0o600 })
    renameSync(`${path}.new`, path)
  }
  return {
    secret,
    tickets,
    save(tickets) {
      unsaved = tickets
      timer ??= setTimeout(write, GATHER)
    },
    flush: write,
  }
}

function load(path: string): z.output<typeof Saved> {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    mkdirSync(dirname(path), { recursive: true })
    const fresh = { secret: randomBytes(32).toString('base64url'), tickets: [] }
    writeFileSync(path, JSON.stringify(fresh), { mode: 0o600 })
    return fresh
  }
  const saved = Saved.safeParse(parsed(text))
  if (saved.success) return saved.data
  throw new Error(`${path} does not hold the support chat's data; move it away to start afresh`)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
