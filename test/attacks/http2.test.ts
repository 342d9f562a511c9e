/** What HTTP/2 and TLS make possible beside: frames by the million, streams by the hundred, handshakes without end. */
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ATTEMPTS, type Attack, type Outcome, Scene } from './scene.js'

/** What ends sooner is done sooner. */
const SECONDS = 10
/**
 * Milliseconds that the honest may wait beyond what they may elsewhere: frames of HTTP/2 are taken apart within Node, up to 32 reads of a session
 * at a time, and what a thousand say at once is read in one turn, which nothing here can divide.
 */
const NODES = { slack: 10 }
/** How many begin a handshake at once. */
const HANDSHAKES = 1000
/** Milliseconds that one attack may take, with all around it. */
const TIMEOUT = { timeout: 60_000 }
/** Milliseconds, so that who is late is seen to be. */
const CONNECT_TIMEOUT = 4_000
/** Seconds after which who had so many milliseconds must be gone. */
const GONE = CONNECT_TIMEOUT / 1000 + 5
/** Streams of a session at once. */
const STREAMS = 100
const RESETS_OF_NOTHING = 20
const PER_ADDRESS = 150
const UNAUTHENTICATED = 180
const BURST = 300
const SLOW_READERS = 30
const BUSY = 'chat:busy'

const pem = (name: string): string =>
  fileURLToPath(new URL(`../../packages/server/test/tls/test-only-${name}.pem`, import.meta.url))

let scene: Scene
/** What takes longest goes on meanwhile. */
let slow: Promise<Record<string, Outcome>>

beforeAll(async () => {
  scene = await Scene.begin({
    tls: { cert: pem('ec.cert'), key: pem('ec.key') },
    trustedProxies: ['127.0.0.0/8'],
    connectTimeout: CONNECT_TIMEOUT,
    limits: { connectionsPerAddress: PER_ADDRESS, unauthenticated: UNAUTHENTICATED },
    rates: { handshakes: { perSecond: 50, burst: BURST }, reads: { perSecond: 100, burst: BURST } },
  })
  // Something large to ask for.
  for (let n = 0; n < 200; n++) await scene.honest.clients[0]?.channel(BUSY).publish('x'.repeat(1000))
  const seconds = CONNECT_TIMEOUT / 1000 + 10
  slow = scene.attack([
    ['streams.slowBodies', { streams: STREAMS, seconds: 45 }],
    ['streams.neverReading', { streams: SLOW_READERS, seconds: 25, channel: BUSY, address: '198.51.100.26' }],
    ['tls.leftHandshakes', { count: 2000, seconds }],
    ['tls.slowHellos', { count: 300, seconds }],
    ['tls.idleSessions', { count: 50, seconds }],
  ])
}, 60_000)
afterAll(() => scene?.end())

/** Attacks of one name space at once, for some seconds. */
const attacks = (space: string, options: Readonly<Record<string, object>>): Attack[] =>
  Object.entries(options).map(([name, one]) => [`${space}.${name}`, { seconds: SECONDS, ...one }])

const answersOf = (outcome: Outcome | undefined): Record<string, number> =>
  (outcome?.['answers'] ?? {}) as Record<string, number>

/** That every session was ended, by one of these codes; or without a word, where it still sent. */
function expectEnds(
  outcomes: Record<string, Outcome>,
  codes: Readonly<Record<string, readonly string[]>>,
): void {
  for (const [name, allowed] of Object.entries(codes)) {
    const { ends = {} } = outcomes[`http2.${name}`] ?? {}
    const others = Object.keys(ends).filter((end) => ![...allowed, 'cut'].includes(end))
    expect([others, Object.keys(ends).length > 0], `${name}: ${JSON.stringify(ends)}`).toEqual([[], true])
  }
}

describe('[H11.7] sessions of HTTP/2 that flood', TIMEOUT, () => {
  it('requests, and take them back, or have them taken back (CVE-2023-44487, CVE-2025-8671)', async () => {
    const count = 20_000
    const options = {
      rapidResets: { count, most: 6 },
      madeResets: { count, most: 50 },
      resetsOfNothing: { most: RESETS_OF_NOTHING },
    }
    // Meanwhile two thousand handshakes are under way, of thirty kilobytes or more each, and two megabytes wait for each who does not read.
    const bounds = { ...NODES, growth: 350 }
    const outcomes = await scene.under('resets', attacks('http2', options), bounds)
    expectEnds(outcomes, {
      rapidResets: ['ENHANCE_YOUR_CALM', 'INTERNAL_ERROR'],
      madeResets: ['ENHANCE_YOUR_CALM', 'INTERNAL_ERROR', 'PROTOCOL_ERROR'],
      resetsOfNothing: ['INTERNAL_ERROR', 'ENHANCE_YOUR_CALM'],
    })
  })

  it('heads that never end, that grow, or have too many fields (CVE-2024-27316)', async () => {
    const options = {
      continuations: { most: 50 },
      emptyContinuations: { most: 50 },
      headerBombs: { most: 3 },
      manyFields: { most: 3 },
    }
    const outcomes = await scene.under('heads', attacks('http2', options), NODES)
    expectEnds(outcomes, {
      continuations: ['INTERNAL_ERROR', 'ENHANCE_YOUR_CALM', 'PROTOCOL_ERROR'],
      emptyContinuations: ['INTERNAL_ERROR', 'ENHANCE_YOUR_CALM', 'PROTOCOL_ERROR'],
      headerBombs: ['ENHANCE_YOUR_CALM', 'INTERNAL_ERROR'],
      manyFields: ['ENHANCE_YOUR_CALM', 'INTERNAL_ERROR'],
    })
    for (const name of ['headerBombs', 'manyFields'])
      expect(Object.keys(outcomes[`http2.${name}`]?.['resets'] ?? {}), name).toContain('ENHANCE_YOUR_CALM')
  })

  it('settings and pings, and do not read what is answered (CVE-2019-9515, CVE-2019-9512)', async () => {
    const names = ['settings', 'longSettings', 'pings', 'deafSettings', 'deafPings']
    const options = Object.fromEntries(names.map((name) => [name, { most: 30 }]))
    const outcomes = await scene.under('settings and pings', attacks('http2', options), NODES)
    const flooded = ['ENHANCE_YOUR_CALM', 'INTERNAL_ERROR', 'PROTOCOL_ERROR']
    expectEnds(outcomes, Object.fromEntries(names.map((name) => [name, flooded])))
  })

  it('frames without a byte, priorities, windows, kinds that nobody knows (CVE-2019-9518, CVE-2019-9513)', async () => {
    const options = {
      emptyData: { most: 50 },
      priorities: { most: 3 },
      windows: { most: 3 },
      unknown: { most: 3 },
    }
    const outcomes = await scene.under('frames', attacks('http2', options), NODES)
    expectEnds(outcomes, {
      emptyData: ['INTERNAL_ERROR', 'ENHANCE_YOUR_CALM'],
      priorities: ['ENHANCE_YOUR_CALM'],
      windows: ['ENHANCE_YOUR_CALM'],
      unknown: ['ENHANCE_YOUR_CALM'],
    })
  })

  it('more streams at once than there may be', async () => {
    const outcomes = await scene.under(
      'streams',
      attacks('http2', { manyStreams: { count: 2 * STREAMS, most: 40 } }),
      NODES,
    )
    expectEnds(outcomes, { manyStreams: ['PROTOCOL_ERROR', 'ENHANCE_YOUR_CALM', 'INTERNAL_ERROR'] })
  })
})

describe('[H11.6] pages that nobody reads', TIMEOUT, () => {
  it('are kept up to 32 MiB of an address (CVE-2019-9517, CVE-2019-9511)', async () => {
    const all = { sessions: 6, streams: 45, seconds: 3 }
    const { 'streams.unreadPages': outcome } = await scene.under(
      'unread pages',
      [['streams.unreadPages', { ...all, window: 1, address: '198.51.100.31' }]],
      NODES,
    )
    const { 200: pages = 0, 429: refused = 0, ...others } = answersOf(outcome)
    expect([others, pages + refused]).toEqual([{}, all.sessions * all.streams])
    // Each has 200 KB.
    expect(pages).toBeGreaterThan(100)
    expect(pages).toBeLessThan(200)
    const nothing = { sessions: 1, streams: 10, seconds: 1, window: 0, address: '198.51.100.32' }
    const { 'streams.unreadPages': other } = await scene.under(
      'unread pages of another',
      [['streams.unreadPages', nothing]],
      NODES,
    )
    expect(other?.['answers']).toEqual({ 200: 10 })
  })
})

describe('[H11.2] limits of addresses count streams as they count sockets', TIMEOUT, () => {
  it('connections: those beyond are refused, by HTTP/1.1 and by requests as well', async () => {
    const options = { sessions: 2, streams: STREAMS, address: '198.51.100.21', plain: scene.server.port }
    const { 'streams.oneAddress': outcome } = await scene.under(
      'WebSockets of one address',
      [['streams.oneAddress', options]],
      NODES,
    )
    expect(outcome).toEqual({
      ends: { 4007: 2 * STREAMS - PER_ADDRESS, stays: PER_ADDRESS },
      replies: PER_ADDRESS,
      byHttp1: 4007,
      byPoll: 4007,
      byStream: 4007,
    })
  })

  it('new connections, and requests of readers', async () => {
    const { 'streams.flapping': flapping, 'streams.readers': readers } = await scene.under(
      'coming and going',
      (attempt) => [
        ['streams.flapping', { count: 800, address: `198.51.100.${30 + attempt}` }],
        ['streams.readers', { count: 1500, address: `198.51.100.${40 + attempt}` }],
      ],
      NODES,
    )
    const { 4006: refused = 0, 'let in': letIn = 0 } = flapping?.ends ?? {}
    expect([refused + letIn, refused > 0, letIn >= BURST]).toEqual([800, true, true])
    const { 200: read = 0, 429: tooMany = 0 } = answersOf(readers)
    expect([read + tooMany, tooMany > 0, read >= BURST]).toEqual([1500, true, true])
  })
})

describe('WebSockets, as many as a session may have', TIMEOUT, () => {
  it('[P1.7] [H11.5] that say nothing: who waits longest gives way, the others are closed in time', async () => {
    const options = { sessions: 2, streams: STREAMS, seconds: GONE }
    const { 'streams.silentSockets': silent } = await scene.under(
      'silent WebSockets',
      [['streams.silentSockets', options]],
      NODES,
    )
    const evicted = 2 * STREAMS - UNAUTHENTICATED
    expect(silent?.ends).toEqual({ 4003: UNAUTHENTICATED, 4007: evicted })
  })

  it('[H11.4] that flood', async () => {
    const options = { streams: STREAMS, seconds: 8, address: '198.51.100.24' }
    const { 'streams.floodingSockets': flooding } = await scene.under(
      'flooding WebSockets',
      [['streams.floodingSockets', options]],
      NODES,
    )
    expect(flooding?.ends).toEqual({ 4006: STREAMS })
  })
})

describe('TLS', TIMEOUT, () => {
  it('[E38] handshakes that a thousand begin at once, again and again', async () => {
    const { 'tls.crowds': crowds } = await scene.under(
      'crowds of handshakes',
      [['tls.crowds', { count: HANDSHAKES, crowds: 3 }]],
      NODES,
    )
    expect(crowds?.ends).toEqual({ answered: 3 * HANDSHAKES })
  })

  it('handshakes that fail, that succeed and are left, and that are made anew and anew', async () => {
    const outcomes = await scene.under(
      'handshakes',
      [
        ['tls.badHandshakes', { seconds: 3, wires: 8 }],
        ['tls.handshakes', { seconds: 3, wires: 16 }],
        ['tls.renegotiations', { count: 1000 }],
      ],
      NODES,
    )
    expect(Object.keys(outcomes['tls.badHandshakes']?.ends ?? {})).toEqual(['cut'])
    const { h2, ...others } = (outcomes['tls.renegotiations'] ?? {}) as Record<string, unknown>
    // RFC 9113 §9.2.1: not with HTTP/2. Some versions of Node end the connection for it, others do not answer.
    expect(h2).toMatchObject({ made: 0 })
    // Node allows three in ten minutes.
    expect(others).toEqual({ 'http/1.1': { made: 3, end: 'cut' } })
  })
})

describe('what is slow, through all of this', TIMEOUT, () => {
  let outcomes: Record<string, Outcome> = {}
  beforeAll(async () => {
    outcomes = await slow
  }, 60_000)

  it('[H11.6] handshakes that are left, or come a byte a second, are ended', () => {
    for (const [name, count] of [
      ['tls.leftHandshakes', 2000],
      ['tls.slowHellos', 300],
    ] as const) {
      expect(outcomes[name]?.ends, name).toEqual({ cut: count })
      expect(outcomes[name]?.['longest'], name).toBeLessThan(GONE)
    }
  })

  it('[H11.6] [H11.7] connections that ask for nothing are ended, by either protocol, whether they ping or not', () => {
    const all = Object.entries((outcomes['tls.idleSessions'] ?? {}) as Record<string, Outcome>)
    expect(all).toHaveLength(5)
    for (const [name, { ends, longest }] of all) {
      expect(ends, name).toEqual({ cut: 50 })
      expect(longest, name).toBeLessThan(GONE)
    }
  })

  it('[H11.6] bodies that come a byte a second, on a hundred streams: 408 after thirty seconds', () => {
    expect(outcomes['streams.slowBodies']?.['answers']).toEqual({ 408: STREAMS })
    expect(outcomes['streams.slowBodies']?.['lastAfter']).toBeLessThan(36)
  })

  it('[H9.4] WebSockets that let not a byte come are closed as slow ones', async () => {
    expect(outcomes['streams.neverReading']?.ends).toEqual({ cut: SLOW_READERS })
    const { 4001: slowConsumers = 0, 4002: silent = 0 } = (await scene.facts()).ends
    expect(slowConsumers + silent).toBe(SLOW_READERS)
  })

  it('and nothing stays behind', async () => {
    await scene.recovers(32)
    // Sessions that nghttp2 ends by itself, as for resets of nothing, some versions of Node keep until they have been idle for a minute.
    const kept = ATTEMPTS * RESETS_OF_NOTHING + 10
    expect((await scene.facts()).sockets).toBeLessThan(scene.honest.clients.length + kept)
  })

  it('and who comes by HTTP/2 is served', async () => {
    const { 'streams.flapping': come, 'streams.readers': read } = await scene.attack([
      ['streams.flapping', { count: 50, address: '198.51.100.41' }],
      ['streams.readers', { count: 50, address: '198.51.100.41' }],
    ])
    expect([come?.ends, answersOf(read)]).toEqual([{ 'let in': 50 }, { 200: 50 }])
  })
})
