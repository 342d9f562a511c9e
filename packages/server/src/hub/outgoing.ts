import type { Dialect, Message, MessageBodies, MessageKind } from '@millrace/protocol'

interface Form {
  readonly dialect: Dialect
  readonly wire: string | Uint8Array
  /** What the transport that sent it first made of it, once for all its links, and how. */
  framed: unknown
  framer: unknown
}

/**
 * A message on its way out. It is encoded once per dialect and framed once per transport, however many links send it.
 */
export class Outgoing {
  readonly message: Message
  /** Nearly always one form: everybody on a node speaks the same dialect. */
  #first: Form | undefined
  #others: Form[] | undefined

  /** `wire`: what is sent in its stead in this dialect, such as a part of it. */
  constructor(message: Message, wire?: { readonly dialect: Dialect; readonly wire: string | Uint8Array }) {
    this.message = message
    if (wire !== undefined) this.#first = { ...wire, framed: undefined, framer: undefined }
  }

  /** Whether it was written in this dialect already. */
  has(dialect: Dialect): boolean {
    return this.#first?.dialect === dialect
  }

  /** The message in a dialect. */
  wire(dialect: Dialect): string | Uint8Array {
    return this.#form(dialect).wire
  }

  /** The transport's own form of it, made by `frame`: once, as long as no other transport of this dialect sends it in between. */
  framed<F>(dialect: Dialect, frame: (wire: string | Uint8Array) => F): F {
    const form = this.#form(dialect)
    if (form.framer !== frame) {
      form.framed = frame(form.wire)
      form.framer = frame
    }
    return form.framed as F
  }

  #form(dialect: Dialect): Form {
    if (this.#first?.dialect === dialect) return this.#first
    const other = this.#others?.find((form) => form.dialect === dialect)
    if (other !== undefined) return other
    const form: Form = {
      dialect,
      wire: dialect.encodeMessage(this.message),
      framed: undefined,
      framer: undefined,
    }
    if (this.#first === undefined) this.#first = form
    else this.#others = [...(this.#others ?? []), form]
    return form
  }
}

/** A push: a message that answers no command. */
export const push = <K extends MessageKind>(kind: K, body: MessageBodies[K]): Outgoing =>
  new Outgoing({ id: 0, kind, body } as Message)
