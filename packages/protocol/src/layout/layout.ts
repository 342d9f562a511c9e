/**
 * The shape of every message, once: here what the tables in layout/commands.ts and layout/messages.ts are made of. Both
 * dialects read and write by them, and the published .proto is printed from them, so that the two cannot drift apart.
 * The tables are two files so that a client need not carry the commands', by which only servers read.
 */
import type { ErrorBody } from '../messages.js'
import type { Payload } from '../payload.js'
import type { Position } from '../position.js'

/** What a field holds. `payload` takes two numbers on the wire: its own for the bytes, the next for the codec. */
export type FieldType = 'string' | 'uint' | 'bool' | 'payload' | 'message'

/** Every field has every property, used or not: objects of one shape are read faster in the dialects' loops. */
export interface Field<
  Is extends FieldType = FieldType,
  Required extends boolean = boolean,
  Repeated extends boolean = boolean,
> {
  /** Its number in the binary dialect. Never reused. */
  readonly no: number
  readonly is: Is
  /** The most UTF-16 units a string may have. Set for what a server keeps; the frame's limit bounds the rest. */
  readonly max: number
  /** The fields of a message; empty for all else. */
  readonly layout: Layout
  readonly required: Required
  readonly repeated: Repeated
}

export type Layout = { readonly [field: string]: Field }

export interface Kind {
  /** Its number in the binary dialect's `Command` or `Message`. Never reused. */
  readonly no: number
  readonly layout: Layout
}
export type Kinds = { readonly [kind: string]: Kind }

// From here on the types of messages.ts and the tables are tied to each other: a field that is missing, is of another
// type, or is required in one and optional in the other does not compile.
type TypeOf<V> = [V] extends [string]
  ? 'string'
  : [V] extends [number]
    ? 'uint'
    : [V] extends [boolean]
      ? 'bool'
      : [V] extends [Payload]
        ? 'payload'
        : 'message'
type FieldFor<V, Required extends boolean> = [V] extends [readonly (infer One)[]]
  ? Field<TypeOf<One>, Required, true>
  : Field<TypeOf<V>, Required, false>
type FieldsFor<T> = {
  readonly [K in keyof T]-?: FieldFor<NonNullable<T[K]>, undefined extends T[K] ? false : true>
}
export const layout = <T>(fields: FieldsFor<T>): Layout => fields
export const kind = <T>(no: number, fields: FieldsFor<T>): Kind => ({ no, layout: layout<T>(fields) })

export const field = <Is extends FieldType>(
  no: number,
  is: Is,
  more: { readonly max?: number; readonly layout?: Layout } = {},
): Field<Is, false, false> => ({
  no,
  is,
  max: more.max ?? Infinity,
  layout: more.layout ?? {},
  required: false,
  repeated: false,
})
export const text = (no: number) => field(no, 'string')
export const name = (no: number) => field(no, 'string', { max: 255 })
export const uint = (no: number) => field(no, 'uint')
export const bool = (no: number) => field(no, 'bool')
export const payload = (no: number) => field(no, 'payload')
export const sub = (no: number, layout: Layout) => field(no, 'message', { layout })
export const need = <Is extends FieldType, Repeated extends boolean>(
  of: Field<Is, false, Repeated>,
): Field<Is, true, Repeated> => ({ ...of, required: true })
export const many = <Is extends FieldType>(of: Field<Is, false, false>): Field<Is, false, true> => ({
  ...of,
  repeated: true,
})

// Names of channels have no `max` here: what breaks their grammar, length included, is `invalid-channel`. Rule [P2.1].
export const channel = need(text(1))

export const position = layout<Position>({ epoch: need(name(1)), offset: need(uint(2)) })
export const error = layout<ErrorBody>({
  code: need(uint(1)),
  message: need(text(2)),
  field: text(3),
  retryAfter: uint(4),
})
