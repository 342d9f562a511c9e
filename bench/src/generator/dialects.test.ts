import { describe, expect, it } from 'vitest'
import { MEANING } from './dialect.js'
import { type DialectName, dialectNamed, payloadOf } from './dialects.js'

function meaningOf(name: DialectName, text: string): number {
  const dialect = dialectNamed(name)
  const bytes = Buffer.from(text)
  return dialect.inspect(bytes, 0, Math.min(dialect.peek, bytes.length))
}

describe('dialects', () => {
  it.each([
    ['0{"sid":"x"}', MEANING.greeting],
    ['40{"sid":"x"}', MEANING.ready],
    ['2', MEANING.heartbeat],
    ['42["message","x"]', MEANING.delivery],
    ['44{"message":"no"}', MEANING.refusal],
    ['41', MEANING.refusal],
    ['', MEANING.refusal],
  ])('Socket.IO: understand %s', (text, meaning) => {
    expect(meaningOf('socket.io', text)).toBe(meaning)
  })

  it.each([
    ['{"publication":{"channel":"a:b","offset":1}}', MEANING.delivery],
    ['{"ping":{}}', MEANING.heartbeat],
    ['{"subscribed":{"channel":"a:b"}}', MEANING.other],
    ['{"id":1,"connected":{}}', MEANING.other],
    ['{"id":1,"error":{"code":1}}', MEANING.refusal],
    ['{"id":2,"subscribed":{}}', MEANING.ready],
    ['{"id":2,"connected":{}}', MEANING.ready],
    ['{"id":2,"error":{"code":1}}', MEANING.refusal],
    ['{"id":3,"published":{}}', MEANING.other],
    ['{"id":3,"error":{"code":1}}', MEANING.refusal],
    ['{"id":4,"answered":{"data":1}}', MEANING.delivery],
    ['{"id":4,"error":{"code":1}}', MEANING.refusal],
    ['{"disconnect":{"code":1}}', MEANING.refusal],
    ['nonsense', MEANING.refusal],
  ])('Millrace: understand %s', (text, meaning) => {
    expect(meaningOf('millrace', text)).toBe(meaning)
  })

  it('Millrace: gives every publication an id of its own', () => {
    const { publish } = dialectNamed('millrace')
    expect(publish('x', 1)).not.toBe(publish('x', 2))
    expect(JSON.parse(publish('x', 1))).toMatchObject({ publish: { data: 'x' } })
  })

  it.each([16, 100, 4096])('make payloads of %i bytes that need no escaping', (size) => {
    const payload = payloadOf(size)
    expect(Buffer.byteLength(payload)).toBe(size)
    expect(JSON.stringify(payload)).toHaveLength(size + 2)
  })
})
