import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsonDialect } from './json-dialect.js'
import { readRequest, writeEvent, writeFrame, writeRequest } from './requests.js'

const header = fc.record(
  {
    link: fc.string({ minLength: 1, maxLength: 255 }),
    seq: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    ack: fc.maxSafeNat(),
    wait: fc.maxSafeNat(),
    code: fc.integer({ min: 1000, max: 4999 }),
  },
  { requiredKeys: [] },
)
/** What the JSON dialect writes: no line breaks, never empty. */
const frame = fc.json().map((text) => JSON.stringify(JSON.parse(text)))

describe('[P8.1] the body of a request', () => {
  it('is read as it was written, whatever its frames say', () => {
    fc.assert(
      fc.property(header, fc.array(frame), (fields, frames) => {
        expect(readRequest(writeRequest({ ...fields, frames }))).toEqual({ ...fields, frames })
      }),
    )
  })

  it('is one line of JSON, and then a frame on each line', () => {
    const body = writeRequest({ link: 'n.1', seq: 3, frames: ['{"id":1,"ping":{}}', '{"pong":{}}'] })
    expect(body).toBe('{"link":"n.1","seq":3}\n{"id":1,"ping":{}}\n{"pong":{}}')
    expect(writeRequest({ frames: [] })).toBe('{}')
  })

  it('may end with a line break and have empty lines, which are no frames', () => {
    expect(readRequest('{"seq":1}\n\n{"a":1}\n\n{"b":2}\n')).toEqual({
      seq: 1,
      frames: ['{"a":1}', '{"b":2}'],
    })
  })

  it('takes null for absent, and ignores what it does not know [P3.5]', () => {
    expect(readRequest('{"link":null,"seq":null,"ack":2,"colour":"red","__proto__":{"code":1000}}')).toEqual({
      ack: 2,
      frames: [],
    })
  })

  it.each([
    ['', 'The first line of the body must be a JSON object'],
    ['{', 'The first line of the body must be a JSON object'],
    ['[]', 'The first line of the body must be a JSON object'],
    ['null', 'The first line of the body must be a JSON object'],
    ['"poll"', 'The first line of the body must be a JSON object'],
    ['\n{"link":"n.1"}', 'The first line of the body must be a JSON object'],
    ['{"link":5}', 'link must be the string that open brought'],
    ['{"link":""}', 'link must be the string that open brought'],
    [`{"link":"${'x'.repeat(256)}"}`, 'link must be the string that open brought'],
    ['{"seq":0}', 'seq must be a whole number from 1 to 9007199254740991'],
    ['{"seq":"1"}', 'seq must be a whole number from 1 to 9007199254740991'],
    ['{"ack":-1}', 'ack must be a whole number from 0 to 9007199254740991'],
    ['{"ack":1e300}', 'ack must be a whole number from 0 to 9007199254740991'],
    ['{"wait":0.5}', 'wait must be a whole number from 0 to 9007199254740991'],
    ['{"code":999}', 'code must be a whole number from 1000 to 4999'],
    ['{"code":5000}', 'code must be a whole number from 1000 to 4999'],
  ])('is refused when it is %s, saying why [P8.2]', (text, why) => {
    expect(readRequest(text)).toBe(why)
  })

  it('is read or refused, and never throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.json(), header.map(JSON.stringify as (value: unknown) => string)),
        (text) => {
          const read = readRequest(text)
          if (typeof read === 'string') expect(read).toMatch(/must be/)
          else expect(read.frames.every((line) => line !== '' && !line.includes('\n'))).toBe(true)
        },
      ),
    )
  })
})

describe('[P8.4] events', () => {
  it('are those of EventSource: frames are the messages, numbered where they may come again', () => {
    expect(writeFrame('{"pong":{}}')).toBe('data:{"pong":{}}\n\n')
    expect(writeFrame('{"pong":{}}', 7)).toBe('id:7\ndata:{"pong":{}}\n\n')
    expect(writeEvent('open', { link: 'n.1' })).toBe('event:open\ndata:{"link":"n.1"}\n\n')
    expect(writeEvent('close', { code: 4000, reason: 'two\nlines' })).toBe(
      'event:close\ndata:{"code":4000,"reason":"two\\nlines"}\n\n',
    )
  })

  it('have no line break but their own, whatever a payload says', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const message = {
          id: 0,
          kind: 'ephemeral',
          body: { channel: 'a:b', data: { codec: 'json', value } },
        } as const
        const written = writeFrame(String(jsonDialect.encodeMessage(message)), 1)
        expect(written.match(/[\r\n]/g)).toEqual(['\n', '\n', '\n'])
      }),
      { numRuns: 30 },
    )
  })
})
