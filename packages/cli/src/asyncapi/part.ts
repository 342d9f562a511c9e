import type { Names } from './names.js'
import type { Payloads } from './payloads.js'
import type { Channel, Message, Operation, Reference } from './types.js'

/** What the parts of a document share while it is made. */
export interface Making {
  readonly payloads: Payloads
  /** Names of channels and calls; all other names begin with one of them. */
  readonly names: Names
  readonly operationNames: Names
}

/** A channel or call in the document. */
export interface Part {
  readonly id: string
  readonly channel: Channel
  readonly operations: { readonly [id: string]: Operation }
}

export const channelAt = (id: string): Reference => ({ $ref: `#/channels/${id}` })

/** The messages of one channel, which its operations refer to. */
export class Messages {
  readonly all: Record<string, Message | Reference> = {}
  readonly #channel: string

  constructor(channel: string) {
    this.#channel = channel
  }

  /** Adds a message, if it is not there, and says where it is. */
  add(id: string, message: Message | Reference): Reference {
    this.all[id] ??= message
    return { $ref: `#/channels/${this.#channel}/messages/${id}` }
  }

  /** Adds both sides of a payload: the one that has its name under `id`, the other, if it is one, under `id` and `Sent` or `Received`. */
  addBoth(id: string, { input, output }: { readonly input: Message; readonly output: Message }) {
    const idOf = ({ name }: Message, other: Message): string =>
      name.length > other.name.length ? id + name.slice(other.name.length) : id
    return { sent: this.add(idOf(input, output), input), received: this.add(idOf(output, input), output) }
  }
}
