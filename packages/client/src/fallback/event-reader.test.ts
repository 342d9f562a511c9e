import { writeEvent, writeFrame } from '@millrace/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { eventReader, type StreamEvent } from './event-reader.js'

function readAll(pieces: readonly string[]): StreamEvent[] {
  const events: StreamEvent[] = []
  const read = eventReader((event) => events.push(event))
  for (const piece of pieces) read(piece)
  return events
}

const TEXT =
  writeEvent('open', { link: 'n.1' }) +
  writeFrame('{"a":"b: c"}') +
  writeFrame('[1]', 2) +
  writeEvent('close', { code: 4000, reason: '' })
const EVENTS: readonly StreamEvent[] = [
  { kind: 'open', id: '', data: '{"link":"n.1"}' },
  { kind: 'message', id: '', data: '{"a":"b: c"}' },
  { kind: 'message', id: '2', data: '[1]' },
  { kind: 'close', id: '', data: '{"code":4000,"reason":""}' },
]

describe('[P8.4] [P8.6] events of a stream', () => {
  it('are read whole, byte by byte, and cut anywhere, with the same result', () => {
    expect(readAll([TEXT])).toEqual(EVENTS)
    expect(readAll([...TEXT])).toEqual(EVENTS)
    for (let at = 0; at <= TEXT.length; at++)
      expect(readAll([TEXT.slice(0, at), TEXT.slice(at)])).toEqual(EVENTS)
  })

  it('are what was written, however it is cut', () => {
    const written = fc.array(fc.record({ data: fc.json(), no: fc.option(fc.nat(), { nil: undefined }) }))
    fc.assert(
      fc.property(written, fc.array(fc.nat(20)), (all, cuts) => {
        const clean = all.map(({ data, no }) => ({ data: JSON.stringify(JSON.parse(data)), no }))
        let rest = clean.map(({ data, no }) => writeFrame(data, no)).join('')
        const pieces = cuts.map((length) => {
          const piece = rest.slice(0, length)
          rest = rest.slice(length)
          return piece
        })
        expect(readAll([...pieces, rest])).toEqual(
          clean.map(({ data, no }) => ({ kind: 'message', id: no === undefined ? '' : String(no), data })),
        )
      }),
    )
  })

  it('that are cut off are none', () => {
    expect(readAll([TEXT.slice(0, -1)])).toEqual(EVENTS.slice(0, -1))
    expect(readAll(['data:1\n'])).toEqual([])
  })

  it('may be written by others: comments, spaces, line ends, fields nobody knows, and data in lines', () => {
    expect(
      readAll([': hello\r\n\r\nretry: 10\r\ndata: one\r\ndata:two\r\n__proto__: x\r\ndata\r\n\r\n']),
    ).toEqual([{ kind: 'message', id: '', data: 'one\ntwo\n' }])
    expect(readAll(['event:ping\nid:1\n\nid\ndata:  x\n\n'])).toEqual([
      { kind: 'message', id: '', data: ' x' },
    ])
  })
})
