/** Arbitrary messages made from the layout tables: whatever a table can say, a test will say. */
import fc from 'fast-check'
import { COMMANDS, type Field, type Kinds, type Layout, MESSAGES } from '../src/layout/index.js'
import type { Command, Message } from '../src/messages.js'
import { CODECS, type Payload } from '../src/payload.js'

const whole = fc.oneof(fc.nat(1000), fc.maxSafeNat(), fc.constant(Number.MAX_SAFE_INTEGER))

/** Strings that can be written in UTF-8, of every plane and of lengths around those at which an encoding changes. */
const text = (max: number) =>
  fc.oneof(
    fc.string({ unit: 'binary', maxLength: Math.min(max, 20) }),
    fc.string({ unit: 'binary-ascii', minLength: Math.min(max, 120), maxLength: Math.min(max, 135) }),
    fc.constantFrom('', '\uFEFFmark', 'é'.repeat(60)),
  )

/** JSON values as a parser gives them: without -0, which JSON.stringify writes as 0. */
export const jsonValues: fc.Arbitrary<unknown> = fc.json().map((text) => JSON.parse(text))

const bytes = fc.uint8Array({ maxLength: 40 })
const payload: fc.Arbitrary<Payload> = fc.oneof(
  jsonValues.map((value): Payload => ({ codec: 'json', value })),
  fc
    .record({ codec: fc.constantFrom(...CODECS.filter((codec) => codec !== 'json')), bytes })
    .map((made): Payload => made),
)

function one(field: Field): fc.Arbitrary<unknown> {
  switch (field.is) {
    case 'uint':
      return whole
    case 'bool':
      return fc.boolean()
    case 'string':
      return text(field.max)
    case 'payload':
      return payload
    case 'message':
      return bodyOf(field.layout)
  }
}

/** Bodies of a layout. An optional list is never empty: the dialects do not tell it from an absent one. */
export function bodyOf(layout: Layout): fc.Arbitrary<object> {
  const fields = Object.entries(layout)
  const made: Record<string, fc.Arbitrary<unknown>> = {}
  for (const [name, field] of fields) {
    made[name] = field.repeated
      ? fc.array(one(field), { minLength: field.required ? 0 : 1, maxLength: 3 })
      : one(field)
  }
  const requiredKeys = fields.filter(([, field]) => field.required).map(([name]) => name)
  return fc.record(made, { requiredKeys, noNullPrototype: true })
}

const envelopeOf = (kinds: Kinds): fc.Arbitrary<{ id: number; kind: string; body: object }> =>
  fc.oneof(
    ...Object.entries(kinds).map(([kind, { layout }]) =>
      fc.record(
        { id: fc.oneof(fc.constant(0), whole), kind: fc.constant(kind), body: bodyOf(layout) },
        { noNullPrototype: true },
      ),
    ),
  )

export const commands = envelopeOf(COMMANDS) as fc.Arbitrary<Command>
export const messages = envelopeOf(MESSAGES) as fc.Arbitrary<Message>
