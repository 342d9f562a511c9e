import { type Mark, type Receipt, reaches } from './mark.js'
import type { Side } from './ticket.js'

/** What the server notes in a conversation, between the messages. */
export type Note =
  | { readonly event: 'taken'; readonly agent: string }
  | { readonly event: 'assigned'; readonly agent: string; readonly by: string }
  | { readonly event: 'closed'; readonly by: Side; readonly name: string }
  | { readonly event: 'muted' | 'unmuted'; readonly by: string }

export interface TextEntry {
  readonly kind: 'text'
  readonly id: string
  readonly side: Side
  readonly author: string
  readonly text: string
  readonly at: Mark
}
export interface NoteEntry {
  readonly kind: 'note'
  readonly id: string
  readonly note: Note
  readonly at: Mark
}
/** Messages are missing here, and are not to be had any more. */
export interface GapEntry {
  readonly kind: 'gap'
  readonly id: string
  readonly at: Mark
}
export type Entry = TextEntry | NoteEntry | GapEntry

/** A conversation as far as this device knows it, oldest entry first. */
export interface Conversation {
  readonly entries: readonly Entry[]
}

export const EMPTY: Conversation = { entries: [] }

const has = ({ entries }: Conversation, id: string): boolean => entries.some((entry) => entry.id === id)

/** Adds what just arrived. The same entry twice is one: a message keeps its id however often it is sent. */
export function received(conversation: Conversation, entry: Entry): Conversation {
  return has(conversation, entry.id) ? conversation : { entries: [...conversation.entries, entry] }
}

/** Puts older entries, read from history, in front. */
export function prepended(conversation: Conversation, older: readonly Entry[]): Conversation {
  const fresh = older.filter(({ id }) => !has(conversation, id))
  return fresh.length === 0 ? conversation : { entries: [...fresh, ...conversation.entries] }
}

/** Notes that something is missing after what is known. Two gaps without a message between them are one. */
export function gapped(conversation: Conversation, at: Mark): Conversation {
  const last = conversation.entries.at(-1)
  if (last === undefined || last.kind === 'gap') return conversation
  return { entries: [...conversation.entries, { kind: 'gap', id: `gap-${at.time}-${at.offset}`, at }] }
}

/** The newest entry that a mark can point at, from the other side of the conversation. */
export function newestFrom(conversation: Conversation, side: Side): TextEntry | undefined {
  return conversation.entries.findLast(
    (entry): entry is TextEntry => entry.kind === 'text' && entry.side === side,
  )
}

export const newestText = ({ entries }: Conversation): TextEntry | undefined =>
  entries.findLast((entry): entry is TextEntry => entry.kind === 'text')

/** How many messages of the other side come after what this side has read. */
export function unreadBy(conversation: Conversation, side: Side, receipt: Receipt): number {
  return conversation.entries.filter(
    (entry) => entry.kind === 'text' && entry.side !== side && !reaches(receipt.read, entry.at),
  ).length
}

export type Delivery = 'sent' | 'delivered' | 'read'

/** How far a message of one side has got with the other, whose receipt is given. */
export function deliveryOf(entry: TextEntry, other: Receipt): Delivery {
  if (reaches(other.read, entry.at)) return 'read'
  return reaches(other.delivered, entry.at) ? 'delivered' : 'sent'
}

/** Entries of one author in a row, written within a few minutes: shown as one block. */
export interface Block {
  readonly key: string
  readonly side: Side
  readonly author: string
  readonly texts: readonly TextEntry[]
}
export type Row =
  | { readonly kind: 'day'; readonly key: string; readonly time: number }
  | { readonly kind: 'block'; readonly key: string; readonly block: Block }
  | { readonly kind: 'note'; readonly key: string; readonly entry: NoteEntry | GapEntry }

const TOGETHER = 5 * 60 * 1000

/** The conversation as rows to show. `dayOf` names the calendar day of a time in the reader's zone. */
export function rowsOf(conversation: Conversation, dayOf: (time: number) => string): Row[] {
  const rows: Row[] = []
  let day = ''
  for (const entry of conversation.entries) {
    const today = dayOf(entry.at.time)
    if (today !== day) rows.push({ kind: 'day', key: `day-${today}-${entry.id}`, time: entry.at.time })
    day = today
    if (entry.kind !== 'text') rows.push({ kind: 'note', key: entry.id, entry })
    else if (!joined(rows, entry)) rows.push({ kind: 'block', key: entry.id, block: blockOf(entry) })
  }
  return rows
}

const blockOf = (entry: TextEntry): Block => ({
  key: entry.id,
  side: entry.side,
  author: entry.author,
  texts: [entry],
})

/** Adds the entry to the last row when that is a block it belongs to. */
function joined(rows: Row[], entry: TextEntry): boolean {
  const last = rows.at(-1)
  if (last?.kind !== 'block' || last.block.author !== entry.author) return false
  const before = last.block.texts.at(-1)
  if (before === undefined || entry.at.time - before.at.time > TOGETHER) return false
  rows[rows.length - 1] = { ...last, block: { ...last.block, texts: [...last.block.texts, entry] } }
  return true
}
