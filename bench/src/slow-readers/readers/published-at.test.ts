import { expect, it } from 'vitest'
import { publishedAt } from './published-at.js'

it.each([
  ['{"key":"k1","n":1,"at":50000123.45,"filler":"xx"}', 50_000_123.45],
  ['42["message",{"key":"k1","n":17,"at":7,"filler":""}]', 7],
  ['{"publication":{"channel":"a:b","offset":2,"data":{"key":"k","n":2,"at":0.5}}}', 0.5],
])('%s', (text, at) => {
  const before = '{"at":1}'
  expect(publishedAt(Buffer.from(before + text), before.length)).toBeCloseTo(at, 6)
})

it('says that there is none', () => {
  expect(() => publishedAt(Buffer.from('{"n":1}'), 0)).toThrow('when it was published')
})
