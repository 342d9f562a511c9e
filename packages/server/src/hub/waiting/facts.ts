import type { ErrorBody, Publisher, StoredPayload } from '@millrace/protocol'
import { readPayload, type WrittenPayload, writePayload } from '../written-payload.js'

/** How a command ended: as the device answered it, or otherwise. */
export type Outcome = { readonly data: StoredPayload } | { readonly error: ErrorBody }

/** Who carries a command out, and until when nobody else does. */
export interface Taking {
  readonly node: string
  readonly session: string
  /** Milliseconds since 1970. */
  readonly until: number
}

/** A call that waits for its user. */
export interface WaitingCommand {
  readonly id: string
  readonly method: string
  readonly data: StoredPayload
  /** Of those with the same key, one is carried out after the other. */
  readonly key: string | undefined
  /** Its place among the user's commands. */
  readonly order: number
  /** When it was asked, and from when on it is not begun any more: milliseconds since 1970. */
  readonly asked: number
  readonly expires: number
  /** Milliseconds the device may take to answer. */
  readonly timeout: number
  /** The client that asked; absent where the server's application did. */
  readonly by: Publisher | undefined
  /** How often it was given to a device. */
  readonly tries: number
  readonly taken: Taking | undefined
}

/**
 * What a user's stream of commands is made of. `asked` again with an id that waits is the same command, written down anew because the
 * stream is about to lose where it stood before.
 */
export type Fact =
  | { readonly fact: 'asked'; readonly command: WaitingCommand }
  | { readonly fact: 'taken'; readonly id: string; readonly by: Taking }
  /** The device went away before it answered. */
  | { readonly fact: 'released'; readonly id: string }
  | { readonly fact: 'ended'; readonly id: string; readonly outcome: Outcome; readonly mark: number }

/** One publication of the stream: facts that became true at once. */
export interface Page {
  /** One more than that of the page before: who writes shows by it that it knows all that was written. */
  readonly version: number
  readonly facts: readonly Fact[]
}

type WrittenOutcome = { readonly data: WrittenPayload } | { readonly error: ErrorBody }
type WrittenFact =
  | {
      readonly fact: 'asked'
      readonly command: Omit<WaitingCommand, 'data'> & { readonly data: WrittenPayload }
    }
  | Extract<Fact, { fact: 'taken' | 'released' }>
  | { readonly fact: 'ended'; readonly id: string; readonly outcome: WrittenOutcome; readonly mark: number }

export const writePage = ({ version, facts }: Page): StoredPayload => ({
  codec: 'json',
  text: JSON.stringify({ version, facts: facts.map(writeFact) }),
})

/** Reads a page. What cannot be read, or is of a version that this one does not know, says nothing. */
export function readPage(data: StoredPayload): Page {
  try {
    const { version, facts } = JSON.parse('text' in data ? data.text : '') as {
      readonly version: number
      readonly facts: readonly WrittenFact[]
    }
    return { version, facts: facts.flatMap(readFact) }
  } catch {
    return { version: 0, facts: [] }
  }
}

function writeFact(fact: Fact): WrittenFact {
  switch (fact.fact) {
    case 'asked':
      return { ...fact, command: { ...fact.command, data: writePayload(fact.command.data) } }
    case 'ended':
      return { ...fact, outcome: writeOutcome(fact.outcome) }
    case 'taken':
    case 'released':
      return fact
  }
}

function readFact(fact: WrittenFact): Fact[] {
  switch (fact.fact) {
    case 'asked': {
      const { key, by, taken, ...command } = fact.command
      return [{ fact: 'asked', command: { ...command, key, by, taken, data: readPayload(command.data) } }]
    }
    case 'ended':
      return [{ ...fact, outcome: readOutcome(fact.outcome) }]
    case 'taken':
    case 'released':
      return [fact]
    default:
      return []
  }
}

const writeOutcome = (outcome: Outcome): WrittenOutcome =>
  'data' in outcome ? { data: writePayload(outcome.data) } : outcome

const readOutcome = (outcome: WrittenOutcome): Outcome =>
  'data' in outcome ? { data: readPayload(outcome.data) } : outcome

/** Tells commands apart that were given one id by mistake: a hash of what was asked (FNV-1a, 32 bits). */
export function markOf({ method, data }: Pick<WaitingCommand, 'method' | 'data'>): number {
  const text = `${method}\n${'text' in data ? data.text : data.bytes.join()}`
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}

const PAYLOAD_BASE = 200

/** About how many bytes a fact takes. */
export function sizeOfFact(fact: Fact): number {
  switch (fact.fact) {
    case 'asked':
      return sizeOfCommand(fact.command)
    case 'ended':
      return sizeOfOutcome(fact.outcome)
    case 'taken':
    case 'released':
      return PAYLOAD_BASE
  }
}

export const sizeOfCommand = ({ data }: WaitingCommand): number => PAYLOAD_BASE + sizeOfPayload(data)

export const sizeOfOutcome = (outcome: Outcome): number =>
  PAYLOAD_BASE + ('data' in outcome ? sizeOfPayload(outcome.data) : outcome.error.message.length)

const sizeOfPayload = (data: StoredPayload): number => ('text' in data ? data.text.length : data.bytes.length)
