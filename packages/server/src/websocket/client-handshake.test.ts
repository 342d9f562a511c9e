import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { handshakeHeaders, upgradeHeaders, verifyConnect, verifyUpgrade } from './client-handshake.js'
import { negotiate } from './handshake.js'
import { DEFAULT_DEFLATE_OPTIONS } from './permessage-deflate.js'

const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
const sha1Base64 = (text: string): string => createHash('sha1').update(text).digest('base64')
const ASKED = { protocols: ['chat', 'superchat'], deflate: DEFAULT_DEFLATE_OPTIONS, key: KEY, sha1Base64 }
const HEADERS = {
  upgrade: 'websocket',
  connection: 'Upgrade',
  'sec-websocket-accept': 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
}

describe('[E21] RFC 6455 §4.1: what a client sends', () => {
  it('over HTTP/1.1 and over HTTP/2', () => {
    expect(handshakeHeaders({ protocols: ['a', 'b'], deflate: DEFAULT_DEFLATE_OPTIONS })).toEqual({
      'sec-websocket-version': '13',
      'sec-websocket-protocol': 'a, b',
      'sec-websocket-extensions': 'permessage-deflate; server_no_context_takeover; client_max_window_bits',
    })
    expect(handshakeHeaders({ protocols: [], deflate: null })).toEqual({ 'sec-websocket-version': '13' })
    expect(upgradeHeaders(KEY)).toEqual({
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-key': KEY,
    })
  })

  it.each([['a b'], [''], ['ä'], ['a,b']])('refuses the subprotocol %j', (protocol) => {
    expect(() => handshakeHeaders({ protocols: [protocol], deflate: null })).toThrow(SyntaxError)
  })

  it('refuses a subprotocol twice', () => {
    expect(() => handshakeHeaders({ protocols: ['a', 'a'], deflate: null })).toThrow('twice')
  })
})

describe('[E21] RFC 6455 §4.1: how a client judges the response', () => {
  it.each([
    ['plain', {}, { protocol: '', deflate: null }],
    ['in another case', { upgrade: 'WebSocket', connection: 'upgrade' }, { protocol: '', deflate: null }],
    [
      'with a subprotocol',
      { 'sec-websocket-protocol': 'superchat' },
      { protocol: 'superchat', deflate: null },
    ],
    [
      'with compression',
      { 'sec-websocket-extensions': 'permessage-deflate; server_no_context_takeover' },
      { protocol: '', deflate: DEFAULT_DEFLATE_OPTIONS },
    ],
  ])('%s', (_, headers, verdict) => {
    expect(
      verifyUpgrade({ httpVersion: '1.1', status: 101, headers: { ...HEADERS, ...headers } }, ASKED),
    ).toEqual({
      ok: true,
      ...verdict,
    })
  })

  it.each([
    ['another status', 200, {}, 'answered 200 instead of 101'],
    ['no Upgrade', 101, { upgrade: undefined }, 'Upgrade: websocket'],
    ['another Upgrade', 101, { upgrade: 'h2c' }, 'Upgrade: websocket'],
    ['no Connection', 101, { connection: undefined }, 'Connection: Upgrade'],
    ['another Connection', 101, { connection: 'close' }, 'Connection: Upgrade'],
    ['no Sec-WebSocket-Accept', 101, { 'sec-websocket-accept': undefined }, 'Sec-WebSocket-Accept'],
    ['another Sec-WebSocket-Accept', 101, { 'sec-websocket-accept': 'x' }, 'Sec-WebSocket-Accept'],
    ['a subprotocol of its own', 101, { 'sec-websocket-protocol': 'other' }, 'subprotocol'],
    ['two subprotocols', 101, { 'sec-websocket-protocol': 'chat, superchat' }, 'subprotocol'],
    ['an extension of its own', 101, { 'sec-websocket-extensions': 'foo' }, 'extension that was not offered'],
    ['an empty list of extensions', 101, { 'sec-websocket-extensions': '' }, 'grammar'],
    ['malformed extensions', 101, { 'sec-websocket-extensions': ';' }, 'grammar'],
    [
      'an extension twice',
      101,
      { 'sec-websocket-extensions': 'permessage-deflate, permessage-deflate' },
      'not offered',
    ],
    [
      'compression beyond the offer',
      101,
      { 'sec-websocket-extensions': 'permessage-deflate' },
      'permessage-deflate: ',
    ],
  ])('%s', (_, status, headers, reason) => {
    const verdict = verifyUpgrade({ httpVersion: '1.1', status, headers: { ...HEADERS, ...headers } }, ASKED)
    expect(verdict).toEqual({ ok: false, reason: expect.stringContaining(reason) as string })
  })

  it('HTTP/1.0, which has no upgrades', () => {
    const response = { httpVersion: '1.0', status: 101, headers: HEADERS }
    expect(verifyUpgrade(response, ASKED)).toEqual({
      ok: false,
      reason: expect.stringContaining('HTTP/1.0') as string,
    })
  })

  it('compression that was not offered', () => {
    const response = {
      httpVersion: '1.1',
      status: 101,
      headers: { ...HEADERS, 'sec-websocket-extensions': 'permessage-deflate' },
    }
    expect(verifyUpgrade(response, { ...ASKED, deflate: null }).ok).toBe(false)
  })

  it('RFC 8441 §5: over HTTP/2 any 2xx accepts, and nothing else', () => {
    expect(verifyConnect({ httpVersion: '2.0', status: 200, headers: {} }, ASKED)).toEqual({
      ok: true,
      protocol: '',
      deflate: null,
    })
    expect(verifyConnect({ httpVersion: '2.0', status: 404, headers: {} }, ASKED)).toMatchObject({
      ok: false,
    })
  })

  it('accepts what a server of ours answers', () => {
    const headers = { host: 'h', ...handshakeHeaders(ASKED), ...upgradeHeaders(KEY) }
    const answer = negotiate(
      { method: 'GET', httpVersion: '1.1', url: '/', headers },
      {
        sha1Base64,
        allowOrigin: () => true,
        selectProtocol: ([first]) => first ?? null,
        deflate: DEFAULT_DEFLATE_OPTIONS,
      },
    )
    expect(verifyUpgrade({ ...answer, httpVersion: '1.1' }, ASKED)).toEqual({
      ok: true,
      protocol: 'chat',
      deflate: DEFAULT_DEFLATE_OPTIONS,
    })
  })
})
