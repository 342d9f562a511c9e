import { writeEvent, writeFrame } from '@millrace/protocol'
import { expect, it } from 'vitest'
import { eventReader, type StreamEvent } from './events.js'

it('reads what Millrace writes, however it is cut', () => {
  const text = writeEvent('open', { link: 'n.1' }) + writeFrame('{"a":"b: c"}', 7) + writeFrame('[1]')
  for (const size of [1, 2, 3, 10, text.length]) {
    const events: StreamEvent[] = []
    const read = eventReader((event) => events.push(event))
    for (let at = 0; at < text.length; at += size) read(text.slice(at, at + size))
    expect(events).toEqual([
      { name: 'open', id: 0, data: '{"link":"n.1"}' },
      { name: '', id: 7, data: '{"a":"b: c"}' },
      { name: '', id: 0, data: '[1]' },
    ])
  }
})
