import fc from 'fast-check'
import { describe, expect, expectTypeOf, test } from 'vitest'
import {
  checkChannelName,
  MAX_CHANNEL_NAME,
  matchPattern,
  type NamesOf,
  type ParamsOf,
  parsePattern,
} from './channel-name.js'
import { MillraceError } from './codes.js'

function whyNot(name: string): string | undefined {
  try {
    checkChannelName(name)
    return undefined
  } catch (error) {
    expect(error).toBeInstanceOf(MillraceError)
    expect(error).toMatchObject({ kind: 'invalid-channel', field: 'channel' })
    return (error as MillraceError).message
  }
}

const LOWER = 'abcdefghijklmnopqrstuvwxyz'
const REST = `${LOWER}${LOWER.toUpperCase()}0123456789_.~@=+,/:%!$&'();-`
const namespaces = fc
  .tuple(
    fc.constantFrom(...LOWER),
    fc.string({ unit: fc.constantFrom(...LOWER, ...'0123456789_-'), maxLength: 63 }),
  )
  .map((parts) => parts.join(''))
const rests = fc.string({ unit: fc.constantFrom(...REST), minLength: 1, maxLength: 190 })

describe('[P2.1] channel names', () => {
  test('whatever the grammar makes is a name', () => {
    fc.assert(
      fc.property(namespaces, rests, (namespace, rest) => {
        expect(whyNot(`${namespace}:${rest}`)).toBeUndefined()
      }),
    )
  })

  test('any string is a name exactly when the grammar as one expression says so', () => {
    const grammar = /^[a-z][a-z0-9_-]{0,63}:[A-Za-z0-9_.~@=+,/:%!$&'();-]+$/
    const strings = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom(...'ab1_-:A{}*#? é\n'), maxLength: 12 }),
      fc.tuple(fc.integer({ min: 250, max: 260 }), fc.constant('a:')).map(([n, head]) => head.padEnd(n, 'x')),
    )
    fc.assert(
      fc.property(strings, (name) => {
        expect(whyNot(name) === undefined).toBe(name.length <= 255 && grammar.test(name))
      }),
      { numRuns: 2000 },
    )
  })

  test.each([
    ['', "must be 'namespace:rest', and has no colon"],
    ['lobby', "must be 'namespace:rest', and has no colon"],
    [':lobby', 'must begin with a namespace'],
    ['Chat:lobby', 'must begin with a namespace'],
    ['1chat:lobby', 'must begin with a namespace'],
    [`${'n'.repeat(65)}:x`, 'must begin with a namespace'],
    ['chat:', 'has nothing after its namespace'],
    ['chat:a b', 'holds " ", which must be percent-encoded'],
    ['chat:naïve', 'holds "ï", which must be percent-encoded'],
    ['chat:a😀', 'holds "😀", which must be percent-encoded'],
    ['chat:{room}', 'holds "{", which must be percent-encoded'],
    ['chat:*', 'holds "*", which must be percent-encoded'],
    ['chat:a\n', 'holds "\\n", which must be percent-encoded'],
  ])('%j is refused, and the message says why', (name, why) => {
    expect(whyNot(name)).toContain(why)
    expect(whyNot(name)).toContain(JSON.stringify(name))
  })

  test('a name that is too long is refused without being repeated', () => {
    expect(whyNot(`chat:${'x'.repeat(MAX_CHANNEL_NAME - 5)}`)).toBeUndefined()
    expect(whyNot(`chat:${'x'.repeat(MAX_CHANNEL_NAME - 4)}`)).toBe(
      'The channel name has 256 characters; 255 are allowed',
    )
  })
})

const match = (pattern: string, name: string) => matchPattern(parsePattern(pattern), name)

describe('[P2.2] patterns', () => {
  test.each([
    ['chat:{room}', 'chat:lobby', { room: 'lobby' }],
    ['chat:{room}', 'chat:a:b', undefined],
    ['chat:{room}', 'chat2:lobby', undefined],
    ['chat:lobby', 'chat:lobby', {}],
    ['chat:lobby', 'chat:lobby2', undefined],
    ['game:{id}:team:{team}', 'game:7:team:red', { id: '7', team: 'red' }],
    ['game:{id}:team:{team}', 'game:7:team:', undefined],
    ['game:{id}:team:{team}', 'game::team:red', undefined],
    ['doc:{owner}/{name}', 'doc:ada/notes/old', { owner: 'ada', name: 'notes/old' }],
    ['doc:{owner}/{name}', 'doc://x', { owner: '/', name: 'x' }],
    ['doc:v-{n}-end', 'doc:v-1-end-2-end', { n: '1-end-2' }],
    ['doc:v-{n}-end', 'doc:v--end', undefined],
    ['a:.{x}', 'a:bc', undefined],
    ['a:{constructor}', 'a:b', { constructor: 'b' }],
  ])('%s takes %s apart to %j', (pattern, name, params) => {
    expect(match(pattern, name)).toEqual(params)
  })

  test('a name filled into a pattern matches it, and the parts put together are the name', () => {
    const words = fc.string({ unit: fc.constantFrom(...'abAB19-/.'), minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(words, words, words, (a, b, c) => {
        const params = match('x:{a}-{b}:y/{c}.z', `x:${a}-${b}:y/${c}.z`)
        expect(params).toBeDefined()
        expect(`${params?.['a']}-${params?.['b']}`).toBe(`${a}-${b}`)
        expect(params?.['c']).toBe(c)
      }),
    )
  })

  test('agrees with a regular expression of shortest parameters', () => {
    const literal = fc.string({ unit: fc.constantFrom(...'ab-:'), minLength: 1, maxLength: 3 })
    const param = fc.constant('{}')
    const patterns = fc
      .array(fc.tuple(param, literal), { minLength: 1, maxLength: 3 })
      .chain((pairs) => fc.tuple(fc.constant(pairs.flat()), literal, fc.boolean()))
      .map(([parts, head, cut]) => ['x:', head, ...(cut ? parts.slice(0, -1) : parts)])
      .map((parts) => parts.map((part, i) => (part === '{}' ? `{p${i}}` : part)).join(''))
    const names = fc.string({ unit: fc.constantFrom(...'ab-:'), maxLength: 10 }).map((rest) => `x:${rest}`)
    fc.assert(
      fc.property(patterns, names, (pattern, name) => {
        const expected = new RegExp(`^${pattern.replace(/\{(\w+)\}/g, '(?<$1>[^:]+?)')}$`).exec(name)
        expect(match(pattern, name)).toEqual(expected === null ? undefined : { ...expected.groups })
      }),
      { numRuns: 5000 },
    )
  })

  test('a hostile name does not keep the matcher busy', () => {
    const pattern = parsePattern('x:{a}-{b}-{c}-{d}-{e}-{f}-{g}-{h}!')
    const started = performance.now()
    for (let i = 0; i < 100; i++) expect(matchPattern(pattern, `x:${'-'.repeat(253)}`)).toBeUndefined()
    // The regular expression this replaces takes hours.
    expect(performance.now() - started).toBeLessThan(1000)
  })

  test.each([
    ['chat', "must be 'namespace:rest', and has no colon"],
    ['chat:', 'has nothing after its namespace'],
    ['{ns}:x', 'must begin with a literal namespace'],
    ['a{ns}:x', 'must begin with a literal namespace'],
    ['chat:{}', "has '{}', which is no parameter name"],
    ['chat:{a-b}', "has '{a-b}', which is no parameter name"],
    ['chat:{__proto__}', "has '{__proto__}', which is no parameter name"],
    ['chat:{a}:{a}', "names '{a}' twice"],
    ['chat:{a}{b}', 'has two parameters side by side'],
    ['chat:{a', 'holds "{", which must be percent-encoded'],
    ['chat:a}', 'holds "}", which must be percent-encoded'],
    ['chat:*', 'holds "*", which must be percent-encoded'],
  ])('%s is no pattern: a TypeError at startup', (pattern, why) => {
    expect(() => parsePattern(pattern)).toThrow(TypeError)
    expect(() => parsePattern(pattern)).toThrow(`Channel pattern '${pattern}' ${why}`)
  })

  test('knows its namespace, its parameters and how literal it is', () => {
    expect(parsePattern('game:{id}:team:{team}')).toMatchObject({
      namespace: 'game',
      params: ['id', 'team'],
      literal: 'game::team:'.length,
    })
  })

  test('is known to the compiler', () => {
    expectTypeOf<ParamsOf<'chat:{room}'>['room']>().toEqualTypeOf<string>()
    expectTypeOf<keyof ParamsOf<'game:{id}:team:{team}'>>().toEqualTypeOf<'id' | 'team'>()
    expectTypeOf<keyof ParamsOf<'news:all'>>().toEqualTypeOf<never>()
    expectTypeOf<NamesOf<'game:{id}:team:{team}'>>().toEqualTypeOf<`game:${string}:team:${string}`>()
    expectTypeOf<NamesOf<'news:all'>>().toEqualTypeOf<'news:all'>()
  })
})
