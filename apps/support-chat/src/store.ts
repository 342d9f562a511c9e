import { randomBytes } from 'node:crypto'
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import type { Ticket } from './domain/ticket.js'

/** What outlives a restart: the tickets, and the secret, without which every customer would become a stranger. */
export interface Store {
  readonly secret: string
  readonly tickets: readonly Ticket[]
  /** Keeps the newest state of these tickets. When it returns, they survive a crash of the process. */
  save(changed: readonly Ticket[]): void
  close(): void
}

/** Keeps nothing: for tests, and where no folder may be written to. */
export const memoryStore = (tickets: readonly Ticket[] = []): Store => ({
  secret: newSecret(),
  tickets,
  save: () => {},
  close: () => {},
})

const newSecret = (): string => randomBytes(32).toString('base64url')

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
const Head = z.object({ secret: z.string().min(32) })

interface Journal {
  readonly secret: string
  readonly tickets: readonly Ticket[]
}

/**
 * Keeps everything in one file that only its owner may read: the secret in the first line, then a line for each change
 * of a ticket, of which the last counts. Opening it writes it anew, without what was overtaken; beside and renamed, so
 * that a crash leaves the old file or the new one. Throws when the file is there but is not ours: it is not overwritten.
 */
export function fileStore(path: string): Store {
  const { secret, tickets } = load(path)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(`${path}.new`, linesOf([{ secret }, ...tickets]), { mode: 0o600 })
  renameSync(`${path}.new`, path)
  const file = openSync(path, 'a')
  return {
    secret,
    tickets,
    save: (changed) => appendFileSync(file, linesOf(changed)),
    close: () => closeSync(file),
  }
}

const linesOf = (values: readonly object[]): string =>
  values.map((value) => `${JSON.stringify(value)}\n`).join('')

function load(path: string): Journal {
  const text = read(path)
  if (text === undefined) return { secret: newSecret(), tickets: [] }
  // A crash in the middle of a write leaves a last line without its end, of a change nobody was told of.
  const [head, ...lines] = text.slice(0, text.lastIndexOf('\n')).split('\n').map(parsed)
  const secret = Head.safeParse(head)
  const tickets = z.array(SavedTicket).safeParse(lines)
  if (!secret.success || !tickets.success) {
    throw new Error(`${path} does not hold the support chat's data; move it away to start afresh`)
  }
  const newest = new Map<string, Ticket>(tickets.data.map((ticket) => [ticket.id, ticket]))
  return { secret: secret.data.secret, tickets: [...newest.values()] }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
