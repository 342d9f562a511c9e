import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type HandshakeOptions, type HandshakeRequest, isSameOrigin, negotiate } from './handshake.js'
import { DEFAULT_DEFLATE_OPTIONS } from './permessage-deflate.js'

const OPTIONS: HandshakeOptions = {
  sha1Base64: (text) => createHash('sha1').update(text).digest('base64'),
  allowOrigin: isSameOrigin,
  selectProtocol: (offered) => (offered.includes('chat') ? 'chat' : null),
  deflate: null,
}

/** The request of RFC 6455 §1.3, which changes are made to; undefined takes a header away. */
const HEADERS: HandshakeRequest['headers'] = {
  host: 'server.example.com',
  upgrade: 'websocket',
  connection: 'Upgrade',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-version': '13',
}

function ask(headers: HandshakeRequest['headers'] = {}, request: Partial<HandshakeRequest> = {}) {
  const whole = {
    method: 'GET',
    httpVersion: '1.1',
    url: '/chat',
    ...request,
    headers: { ...HEADERS, ...headers },
  }
  return negotiate(whole, OPTIONS)
}

const CONNECT: HandshakeRequest = {
  method: 'CONNECT',
  httpVersion: '2.0',
  url: '/chat',
  headers: {
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':scheme': 'https',
    ':path': '/chat',
    ':authority': 'server.example.com',
    'sec-websocket-version': '13',
  },
}

function askHttp2(headers: HandshakeRequest['headers'] = {}, request: Partial<HandshakeRequest> = {}) {
  return negotiate({ ...CONNECT, ...request, headers: { ...CONNECT.headers, ...headers } }, OPTIONS)
}

describe('[E17] RFC 6455 §4.2.2: an upgrade that is accepted', () => {
  it('the example of §1.3', () => {
    expect(ask()).toEqual({
      ok: true,
      status: 101,
      headers: {
        upgrade: 'websocket',
        connection: 'Upgrade',
        'sec-websocket-accept': 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
      },
      protocol: '',
      deflate: null,
    })
  })

  it.each([
    [{ upgrade: 'WebSocket' }],
    [{ upgrade: 'h2c, websocket' }],
    [{ connection: 'keep-alive, UPGRADE' }],
    [{ 'content-length': '0' }],
    [{ origin: 'https://server.example.com' }],
    [{ origin: 'http://SERVER.example.com' }],
    [{ 'sec-websocket-extensions': 'permessage-foo; a="b"' }],
  ])('%j makes no difference', (headers) => {
    expect(ask(headers)).toEqual(ask())
  })
})

describe('[E18] RFC 6455 §4.2.1: a malformed upgrade has its status and says how to mend it', () => {
  it.each([
    ['another method', {}, { method: 'POST' }, 405, 'GET request, not POST'],
    ['HTTP/1.0', {}, { httpVersion: '1.0' }, 400, 'needs HTTP/1.1'],
    ['no Host', { host: undefined }, {}, 400, 'Host header is missing'],
    ['two Hosts', { host: ['a', 'b'] }, {}, 400, 'Host header must occur once'],
    ['no Upgrade', { upgrade: undefined }, {}, 426, 'send "Upgrade: websocket"'],
    ['another Upgrade', { upgrade: 'h2c' }, {}, 426, 'send "Upgrade: websocket"'],
    ['no Connection', { connection: undefined }, {}, 400, 'must contain "Upgrade"'],
    ['another Connection', { connection: 'close' }, {}, 400, 'must contain "Upgrade"'],
    ['no key', { 'sec-websocket-key': undefined }, {}, 400, 'Sec-WebSocket-Key header is missing'],
    ['an empty key', { 'sec-websocket-key': '' }, {}, 400, '16 bytes in base64'],
    ['a key of 15 bytes', { 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAA' }, {}, 400, '16 bytes in base64'],
    ['a key of 17 bytes', { 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAAA=' }, {}, 400, '16 bytes in base64'],
    [
      'a key that is not base64',
      { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZ*==' },
      {},
      400,
      '16 bytes in base64',
    ],
    ['two keys', { 'sec-websocket-key': ['dGhlIHNhbXBsZSBub25jZQ==', 'x'] }, {}, 400, 'once'],
    ['no version', { 'sec-websocket-version': undefined }, {}, 426, 'must be 13'],
    ['an old version', { 'sec-websocket-version': '8' }, {}, 426, 'must be 13'],
    ['two versions', { 'sec-websocket-version': '8, 13' }, {}, 426, 'must be 13'],
    ['a body', { 'content-length': '5' }, {}, 413, 'has no body'],
    ['a chunked body', { 'transfer-encoding': 'chunked' }, {}, 413, 'has no body'],
    [
      'a protocol that is no token',
      { 'sec-websocket-protocol': 'chat, super chat' },
      {},
      400,
      'different tokens',
    ],
    ['a protocol twice', { 'sec-websocket-protocol': 'chat, chat' }, {}, 400, 'different tokens'],
    [
      'extensions without grammar',
      { 'sec-websocket-extensions': 'permessage-deflate;;' },
      {},
      400,
      'section 9.1',
    ],
    ['an endless list of protocols', { 'sec-websocket-protocol': 'p'.repeat(2049) }, {}, 431, '2048 bytes'],
    [
      'an endless list of extensions',
      { 'sec-websocket-extensions': 'a,'.repeat(1025) },
      {},
      431,
      '2048 bytes',
    ],
    ['a foreign origin', { origin: 'https://evil.example' }, {}, 403, 'https://evil.example is not allowed'],
    ['the origin null', { origin: 'null' }, {}, 403, 'null is not allowed'],
    ['an origin with control characters', { origin: 'x\r\ny' }, {}, 403, 'x??y is not allowed'],
  ])('%s', (_, headers, request, status, reason) => {
    expect(ask(headers, request)).toMatchObject({
      ok: false,
      status,
      reason: expect.stringContaining(reason) as string,
    })
  })

  it('RFC 6455 §4.4: a wrong version is told the right one', () => {
    expect(ask({ 'sec-websocket-version': '7' })).toMatchObject({
      headers: { upgrade: 'websocket', 'sec-websocket-version': '13' },
    })
  })

  it('RFC 9110 §15.5.6, §15.5.22: a 405 lists the methods, a 426 the protocol', () => {
    expect(ask({}, { method: 'PUT' })).toMatchObject({ headers: { allow: 'GET' } })
    expect(ask({ upgrade: undefined })).toMatchObject({ headers: { upgrade: 'websocket' } })
  })
})

describe('[E17] RFC 6455 §4.2.2: subprotocols and origins', () => {
  it('one of those offered, or none', () => {
    expect(ask({ 'sec-websocket-protocol': 'superchat, chat' })).toMatchObject({
      protocol: 'chat',
      headers: { 'sec-websocket-protocol': 'chat' },
    })
    const none = ask({ 'sec-websocket-protocol': 'superchat' })
    expect(none).toEqual(ask())
  })

  it('several header lines are one list', () => {
    expect(ask({ 'sec-websocket-protocol': ['superchat', 'chat'] })).toMatchObject({ protocol: 'chat' })
  })

  it('a selection that was not offered is a mistake of the program', () => {
    const request = {
      method: 'GET',
      httpVersion: '1.1',
      url: '/',
      headers: { ...HEADERS, 'sec-websocket-protocol': 'a' },
    }
    expect(() => negotiate(request, { ...OPTIONS, selectProtocol: () => 'b' })).toThrow('did not offer')
  })

  it('the port is part of an origin, the scheme is not: a proxy may have ended TLS', () => {
    const at = (origin: string, host: string) =>
      isSameOrigin(origin, { method: 'GET', httpVersion: '1.1', url: '/', headers: { host } })
    expect(at('http://localhost:8080', 'localhost:8080')).toBe(true)
    expect(at('https://localhost:8080', 'localhost:8080')).toBe(true)
    expect(at('http://localhost:8081', 'localhost:8080')).toBe(false)
    expect(at('http://localhost:8080/x', 'localhost:8080')).toBe(false)
    expect(at('http://localhost:8080@evil', 'localhost:8080')).toBe(false)
  })

  it('the hook sees the request', () => {
    const request = {
      method: 'GET',
      httpVersion: '1.1',
      url: '/r',
      headers: { ...HEADERS, origin: 'https://other' },
    }
    expect(
      negotiate(request, {
        ...OPTIONS,
        allowOrigin: (origin, { url }) => origin === 'https://other' && url === '/r',
      }).ok,
    ).toBe(true)
  })
})

describe('[E19] RFC 8441: WebSocket over HTTP/2', () => {
  it('is accepted with 200 and without a key', () => {
    expect(askHttp2({ 'sec-websocket-protocol': 'chat' })).toEqual({
      ok: true,
      status: 200,
      headers: { 'sec-websocket-protocol': 'chat' },
      protocol: 'chat',
      deflate: null,
    })
  })

  it.each([
    ['another method', {}, { method: 'GET' }, 405, 'begins with CONNECT'],
    ['another protocol', { ':protocol': 'connect-udp' }, {}, 400, ':protocol'],
    ['a plain CONNECT', { ':protocol': undefined }, {}, 400, ':protocol'],
    ['no scheme', { ':scheme': undefined }, {}, 400, ':scheme'],
    ['no path', { ':path': undefined }, {}, 400, ':path'],
    ['no authority', { ':authority': undefined }, {}, 400, ':authority'],
    ['another version', { 'sec-websocket-version': '8' }, {}, 400, 'must be 13'],
    ['a foreign origin', { origin: 'https://evil.example' }, {}, 403, 'not allowed'],
  ])('%s', (_, headers, request, status, reason) => {
    expect(askHttp2(headers, request)).toMatchObject({
      ok: false,
      status,
      reason: expect.stringContaining(reason) as string,
    })
  })

  it('origin is compared with :authority', () => {
    expect(askHttp2({ origin: 'https://server.example.com' }).ok).toBe(true)
  })
})

describe('[E20] RFC 7692 §5: permessage-deflate in the handshake', () => {
  it('is agreed where it is on and offered', () => {
    const request = {
      method: 'GET',
      httpVersion: '1.1',
      url: '/',
      headers: { ...HEADERS, 'sec-websocket-extensions': 'foo, permessage-deflate; client_max_window_bits' },
    }
    const result = negotiate(request, { ...OPTIONS, deflate: DEFAULT_DEFLATE_OPTIONS })
    expect(result).toMatchObject({
      headers: { 'sec-websocket-extensions': 'permessage-deflate; server_no_context_takeover' },
      deflate: { serverContextTakeover: false, clientContextTakeover: true },
    })
    expect(negotiate(request, OPTIONS)).toMatchObject({ ok: true, deflate: null })
  })
})
