import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { publishedText } from './event.js'

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('"', '\\', '\u2028', '\ud800', 'chat:lobby'),
)

/** As it comes out of JSON: what is undefined is absent. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

it('[H13.1] a publication is written as JSON that says what it is, whatever is in it', () => {
  fc.assert(
    fc.property(
      fc.record({ id: text, time: fc.nat(), channel: text }),
      fc.record({ epoch: text, offset: fc.nat() }),
      fc.record({
        id: fc.option(text, { nil: undefined }),
        from: fc.option(fc.record({ session: text, user: fc.option(text, { nil: undefined }) }), {
          nil: undefined,
        }),
        key: fc.option(text, { nil: undefined }),
        message: fc.jsonValue(),
      }),
      fc.boolean(),
      (named, stored, { message, id, from, key }, messages) => {
        const publication = { id, from, key, data: { codec: 'json', text: JSON.stringify(message) } as const }
        const { id: publicationId, data: _data, ...facts } = publication
        expect(JSON.parse(publishedText(named, publication, { stored, messages }))).toEqual({
          ...{ type: 'published', ...named, ...stored },
          ...(plain({ publicationId, ...facts }) as object),
          ...(messages ? { message: plain(message) } : {}),
        })
      },
    ),
  )
})
