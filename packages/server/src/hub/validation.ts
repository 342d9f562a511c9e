import {
  type CodecChoice,
  codecName,
  decodePayload,
  encodePayload,
  MillraceError,
  type Payload,
  type PayloadCodecs,
  type Schema,
  type StoredPayload,
  toStored,
} from '@millrace/protocol'
import type { MaybePromise } from './ports.js'

/** What a payload must be: its schema and its codec. */
export interface PayloadRule {
  readonly schema: Schema | undefined
  readonly codec: CodecChoice | undefined
}

/** A payload that passed: its value after the schema's transforms, and the bytes or text that say it. */
export interface Checked {
  readonly value: unknown
  readonly payload: StoredPayload
}

/** Reads and checks payloads that arrive, and writes values that leave. */
export class Validator {
  readonly #codecs: PayloadCodecs

  constructor(codecs: PayloadCodecs) {
    this.#codecs = codecs
  }

  /** Checks what a client sent. Throws or rejects with `unsupported-codec` or `invalid-payload` and the field. */
  arrived(payload: Payload, rule: PayloadRule): MaybePromise<Checked> {
    const expected = codecName(rule.codec)
    if (payload.codec !== expected) {
      throw new MillraceError('unsupported-codec', {
        message: `The payload is ${payload.codec}, but ${expected} is used here`,
        field: 'data',
      })
    }
    const value = decodePayload(payload, this.#codecsFor(rule))
    // Of a text that says something twice others may read the other, and that was not checked. [P3.13]
    const mayStay = rule.schema === undefined || payload.codec !== 'json'
    const done = (checked: unknown): Checked => ({
      value: checked,
      payload: mayStay && Object.is(checked, value) ? toStored(payload) : this.#stored(checked, rule),
    })
    return andThen(check(rule.schema, value), done)
  }

  /** Checks and writes a value the application gave. */
  value(value: unknown, rule: PayloadRule): MaybePromise<Checked> {
    return andThen(check(rule.schema, value), (checked) => ({
      value: checked,
      payload: this.#stored(checked, rule),
    }))
  }

  /** Reads a payload that was checked before. */
  read(payload: Payload, rule: PayloadRule): unknown {
    return decodePayload(payload, this.#codecsFor(rule))
  }

  #stored(value: unknown, rule: PayloadRule): StoredPayload {
    return encodePayload(value, codecName(rule.codec), this.#codecsFor(rule))
  }

  #codecsFor(rule: PayloadRule): PayloadCodecs {
    return typeof rule.codec === 'object' ? { ...this.#codecs, [rule.codec.name]: rule.codec } : this.#codecs
  }
}

/**
 * Continues at once when there is nothing to wait for: most schemas and hooks are synchronous, and a turn saved is latency
 * saved. Anything with a `then` is waited for, as `await` would.
 */
export function andThen<A, B>(value: MaybePromise<A>, next: (value: A) => MaybePromise<B>): MaybePromise<B> {
  return isThenable(value) ? Promise.resolve(value).then(next) : next(value)
}

const isThenable = <T>(value: MaybePromise<T>): value is Promise<T> =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'

function check(schema: Schema | undefined, value: unknown): MaybePromise<unknown> {
  if (schema === undefined) return value
  return andThen(schema['~standard'].validate(value), (result) => {
    const issue = result.issues?.[0]
    if (issue !== undefined) throw invalid(issue.message, issue.path)
    return 'value' in result ? result.value : undefined
  })
}

type IssuePath = readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined

function invalid(message: string, path: IssuePath): MillraceError {
  let field = 'data'
  for (const segment of path ?? []) {
    const key = typeof segment === 'object' ? segment.key : segment
    field += typeof key === 'number' ? `[${key}]` : `.${String(key)}`
  }
  return new MillraceError('invalid-payload', { message: `${field}: ${message}`, field })
}
