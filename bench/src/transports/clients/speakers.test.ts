import { describe, expect, it } from 'vitest'
import type { Peer } from '../contestants.js'
import { SPEAKERS } from './speakers.js'

const CHANNELS = ['bench:1', 'bench:everybody']
const MESSAGE = { number: 3, time: 5, filler: 'x' }

/** What a speaker says and tells while it hears these frames. */
function conversation(peer: Peer, frames: readonly string[]): unknown[] {
  const done: unknown[] = []
  const speaker = SPEAKERS[peer](CHANNELS, {
    ready: () => done.push('ready'),
    message: (channel, message) => done.push([channel, message]),
    gap: (channel) => done.push(`gap in ${channel}`),
    say: (frame) => done.push(`say ${frame}`),
  })
  if (speaker.hello !== undefined) done.push(`say ${speaker.hello}`)
  for (const frame of frames) speaker.hear(frame)
  return done
}

describe('a client of Millrace', () => {
  const hello =
    'say [{"id":1,"connect":{"version":1}},{"id":2,"subscribe":{"channel":"bench:1"}},{"id":3,"subscribe":{"channel":"bench:everybody"}}]'

  it('is ready when it is subscribed to all, whether they are told at once or one by one', () => {
    const replies = ['{"id":1,"connected":{}}', '{"id":2,"subscribed":{}}', '{"id":3,"subscribed":{}}']
    expect(conversation('millrace', replies.slice(0, 2))).toEqual([hello])
    expect(conversation('millrace', replies)).toEqual([hello, 'ready'])
    expect(conversation('millrace', [`[${replies.join()}]`])).toEqual([hello, 'ready'])
  })

  it('hears messages and gaps, and answers pings', () => {
    const publication = JSON.stringify({ publication: { channel: 'bench:1', offset: 1, data: MESSAGE } })
    const gap = '{"gap":{"channel":"bench:1","to":4}}'
    expect(conversation('millrace', [`[${publication},{"ping":{}}]`, gap])).toEqual([
      hello,
      ['bench:1', MESSAGE],
      'say {"pong":{}}',
      'gap in bench:1',
    ])
  })

  it('asks whether it is heard when it was pinged by polling [P8.7]', () => {
    const said: string[] = []
    const ears = { ready() {}, message() {}, gap() {}, say: (frame: string) => said.push(frame) }
    SPEAKERS.millrace(CHANNELS, ears, true).hear('[{"ping":{}}]')
    expect(said).toEqual(['[{"pong":{}},{"id":4,"ping":{}}]'])
  })

  it('takes no for an end', () => {
    expect(() => conversation('millrace', ['{"id":2,"error":{"code":103}}'])).toThrow('103')
  })
})

describe('a client of Socket.IO', () => {
  it('joins, hears messages, and answers pings', () => {
    const event = `42${JSON.stringify(['bench:1', MESSAGE])}`
    expect(conversation('socket.io', ['0{"sid":"s"}', '40{"sid":"t"}', event, '2', '6'])).toEqual([
      'say 40{"channels":["bench:1","bench:everybody"]}',
      'ready',
      ['bench:1', MESSAGE],
      'say 3',
    ])
  })

  it.each(['44{"message":"no"}', '1', '<html>'])('takes %s for an end', (frame) => {
    expect(() => conversation('socket.io', [frame])).toThrow('The server said')
  })
})
