import { require } from '../runner/mismatch.js'
import type { Probe } from '../runner/probe.js'
import { SETTING } from '../wire/h2-frames.js'
import { headerValues } from '../wire/http1.js'
import { alive, getText, send, Topic, text } from './build.js'
import { accepted, failsToOpen, opens, refused } from './opening.js'

const on = { role: 'server', transports: ['h2'] } as const
const header = (name: string, value: string) => ({ set: { [name]: value } })
// RFC 9113 §8.1.1: a malformed request may be answered with 400 or be reset (0 in these lists).
const MALFORMED = [400, 0]
const REFUSED = [400, 404, 405, 501, 426, 0]

const connect = new Topic('8441-4-connect', 'RFC 8441 §4', { on })
connect
  .add({
    title: 'the server announces SETTINGS_ENABLE_CONNECT_PROTOCOL = 1 (§3)',
    steps: [
      {
        run: async ({ h2 }) => {
          const value = h2?.connection.setting(SETTING.enableConnect)
          require(value === 1, 'SETTINGS_ENABLE_CONNECT_PROTOCOL = 1', String(value))
        },
      },
    ],
  })
  .add({
    title: 'a well-formed extended CONNECT is answered with 200 and an open stream',
    opening: accepted({}),
    steps: alive,
  })
  .add({
    title: 'another :protocol is refused',
    opening: refused(header(':protocol', 'webtransport'), [...REFUSED, 403]),
  })
  .add({ title: 'an empty :protocol is refused', opening: refused(header(':protocol', ''), REFUSED) })
  .add({
    title: 'CONNECT without :protocol is no WebSocket',
    opening: refused({ drop: [':protocol', ':scheme', ':path'] }, REFUSED),
  })
  .add({
    title: 'CONNECT without :protocol, with :path and :scheme, is malformed',
    opening: refused({ drop: [':protocol'] }, REFUSED),
  })
  .add({ title: 'no :scheme is malformed', opening: refused({ drop: [':scheme'] }, MALFORMED) })
  .add({ title: 'no :path is malformed', opening: refused({ drop: [':path'] }, MALFORMED) })
  .add({ title: 'an empty :path is malformed', opening: refused({ target: '' }, [...MALFORMED, 404]) })
  .add({ title: 'no :method is malformed', opening: refused({ drop: [':method'] }, MALFORMED) })
  .add({ title: 'no :authority', level: 'should', opening: refused({ drop: [':authority'] }, MALFORMED) })
  .add({ title: 'GET with :protocol is malformed', opening: refused({ method: 'GET' }, REFUSED) })
  .add({ title: 'POST with :protocol is malformed', opening: refused({ method: 'POST' }, REFUSED) })
  .add({
    title: 'a Connection field is malformed (RFC 9113 §8.2.2)',
    opening: refused({ add: [['connection', 'Upgrade']] }, MALFORMED),
  })
  .add({
    title: 'an Upgrade field is malformed (RFC 9113 §8.2.2)',
    opening: refused({ add: [['upgrade', 'websocket']] }, MALFORMED),
  })
  .add({
    title: 'an unknown pseudo-header is malformed',
    opening: refused({ set: { ':unknown': 'x' } }, MALFORMED),
  })
  .add({
    title: 'a pseudo-header behind a field is malformed',
    opening: refused({ drop: [':path'], add: [[':path', '/echo']] }, MALFORMED),
  })
  .add({
    title: 'two :path are malformed',
    opening: refused(
      {
        drop: [':protocol'],
        set: { ':scheme': 'https' },
        add: [
          [':protocol', 'websocket'],
          [':path', '/x'],
        ],
      },
      MALFORMED,
    ),
  })

const fields = new Topic('8441-5-fields', 'RFC 8441 §5', { on })
fields
  .add({
    title: 'no Sec-WebSocket-Key is needed, and no accept value comes back',
    opening: accepted({}),
    steps: [send(text('x')), getText('x')],
  })
  .add({
    title: 'a key does no harm',
    opening: accepted({ add: [['sec-websocket-key', 'dGhlIHNhbXBsZSBub25jZQ==']] }),
    steps: alive,
  })
  .add({
    title: 'a key that would be malformed over HTTP/1.1 does no harm',
    level: 'should',
    opening: accepted({ add: [['sec-websocket-key', 'short']] }),
  })
  .add({
    title: 'the response has no content-length and no trailers to come',
    opening: accepted({}),
    steps: [
      {
        run: async ({ response }) => {
          const lengths = headerValues(response ?? { headers: [] }, 'content-length')
          require(lengths.length === 0, 'no content-length', lengths.join())
        },
      },
    ],
  })
for (const [title, value] of [
  ['version 8', '8'],
  ['version 14', '14'],
  ['an empty version', ''],
] as const) {
  fields.add({
    title: `${title} is refused`,
    opening: refused(header('sec-websocket-version', value), [400, 426]),
  })
}
fields
  .add({ title: 'no version is refused', opening: refused({ drop: ['sec-websocket-version'] }, [400, 426]) })
  .add({
    title: 'a refused version names 13',
    opening: refused(header('sec-websocket-version', '12'), [400, 426], ['sec-websocket-version', '13']),
  })
  .add({
    title: 'an origin and cookies are ordinary fields',
    opening: accepted({
      add: [
        ['cookie', 'a=b'],
        ['user-agent', 'suite'],
      ],
    }),
  })

const asks = new Topic('8441-4-client', 'RFC 8441 §4', { on: { role: 'client', transports: ['h2'] } })

function hasFields(title: string, wanted: Readonly<Record<string, string | RegExp>>): void {
  const run = async ({ request }: Probe): Promise<void> => {
    for (const [name, value] of Object.entries(wanted)) {
      const got = headerValues(request ?? { headers: [] }, name)
      const fits =
        got.length === 1 && (typeof value === 'string' ? got[0] === value : value.test(got[0] ?? ''))
      require(fits, `${name}: ${value}`, got.join(' | ') || '(absent)')
    }
  }
  asks.add({ title, steps: [{ run }] })
}

hasFields('the method is CONNECT and :protocol websocket', { ':method': 'CONNECT', ':protocol': 'websocket' })
hasFields('scheme, path with query, and authority', {
  ':scheme': 'http',
  ':path': /^\/echo\?run=/,
  ':authority': /^127\.0\.0\.1:\d+$/,
})
hasFields('the version is 13', { 'sec-websocket-version': '13' })
asks
  .add({
    title: 'no fields of HTTP/1.1: Connection, Upgrade, Host',
    steps: [
      {
        run: async ({ request }) => {
          const found = ['connection', 'upgrade', 'host'].filter(
            (name) => headerValues(request ?? { headers: [] }, name).length > 0,
          )
          require(found.length === 0, 'none of them', found.join(', '))
        },
      },
    ],
  })
  .add({
    title: 'the client does not ask a server that has not said SETTINGS_ENABLE_CONNECT_PROTOCOL (§3)',
    opening: failsToOpen({ connects: false }),
  })
  .add({
    title: 'a message right behind the response is not lost',
    opening: opens({ behind: [text('early')] }),
    steps: [getText('early')],
  })
for (const status of [302, 400, 401, 403, 404, 426, 500, 503]) {
  asks.add({
    title: `the client fails on status ${status}`,
    opening: failsToOpen({ statusLine: `HTTP/2 ${status}` }),
  })
}

export const h2Opening = [...connect.cases, ...fields.cases, ...asks.cases]
