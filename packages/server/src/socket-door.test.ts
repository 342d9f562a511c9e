import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { describe, expect, it } from 'vitest'
import { EC, KeptLog } from '../test/tls-fixture.js'
import { createServer, createTlsServer } from './index.js'
import { type LimitOptions, type RateOptions, resolveOptions } from './options.js'
import { socketDoor } from './socket-door.js'
import { FakeClock } from './testing/index.js'

interface Given {
  readonly limits?: LimitOptions
  readonly rates?: RateOptions | false
  readonly trustedProxies?: readonly string[]
}

function world(given: Given) {
  const clock = new FakeClock()
  const warnings: [message: string, ended: unknown][] = []
  const warn = (message: string, details?: object): void =>
    void warnings.push([message, (details as { readonly endedSinceLastSaid: number }).endedSinceLastSaid])
  const door = socketDoor(resolveOptions(given), clock, { ...new KeptLog(), warn })
  /** How many of so many are let in. */
  const letIn = (count: number, address: string): number =>
    Array.from({ length: count }, () => door(address)).filter((leave) => leave !== undefined).length
  return { clock, warnings, door, letIn }
}

describe('[H11.9] sockets', () => {
  it('are twice as many of an address as it may have connections, and who leaves makes room', () => {
    const { door, letIn } = world({ limits: { connectionsPerAddress: 3 } })
    const leave = door('192.0.2.1')
    expect(letIn(10, '192.0.2.1')).toBe(5)
    expect(letIn(10, '192.0.2.2')).toBe(6)
    leave?.()
    expect(letIn(10, '192.0.2.1')).toBe(1)
  })

  it('are counted by network where addresses are of IPv6', () => {
    const { letIn } = world({ limits: { connectionsPerAddress: 1 } })
    expect(letIn(2, '2001:db8::1') + letIn(2, '2001:db8::2') + letIn(2, '2001:db8:1::1')).toBe(4)
  })

  it('open twice as fast as connections may', async () => {
    const { clock, door } = world({ rates: { handshakes: { perSecond: 5, burst: 10 } } })
    const flap = (count: number): number => {
      const all = Array.from({ length: count }, () => door('192.0.2.1'))
      for (const leave of all) leave?.()
      return all.filter((leave) => leave !== undefined).length
    }
    expect(flap(100)).toBe(20)
    await clock.advance(1_000)
    expect(flap(100)).toBe(10)
  })

  it('open as fast as they like where new connections may', () => {
    const { door } = world({ rates: false })
    for (let n = 0; n < 5_000; n++) door('192.0.2.1')?.()
    expect(door('192.0.2.1')).toBeTypeOf('function')
  })

  it('of this machine and of trusted proxies are not counted', () => {
    const { letIn } = world({ limits: { connectionsPerAddress: 1 }, trustedProxies: ['10.0.0.0/8'] })
    for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.1', '', '10.1.2.3', '::ffff:10.1.2.3'])
      expect(letIn(100, address), address).toBe(100)
  })

  it('that are ended are told of at once, and then once a minute, with why and how many', async () => {
    const { clock, warnings, door, letIn } = world({
      limits: { connectionsPerAddress: 5 },
      rates: { handshakes: { perSecond: 1, burst: 10 } },
    })
    // As a server for IPv6 names it.
    letIn(15, '::ffff:192.0.2.1')
    expect(warnings).toEqual([
      [expect.stringMatching(/ of 192\.0\.2\.1 .* it has 10 already\..*trustedProxies/), 1],
    ])
    await clock.advance(59_000)
    letIn(1, '192.0.2.1')
    expect(warnings).toHaveLength(1)
    await clock.advance(1_000)
    for (let n = 0; n < 21; n++) door('192.0.2.2')?.()
    expect(warnings.slice(1)).toEqual([[expect.stringMatching(/192\.0\.2\.2.* more than 2 a second/), 6]])
  })
})

/** An address of this machine by which others could come. */
const address = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.family === 'IPv4' && !one.internal)?.address
if (address === undefined)
  console.warn(
    'skipped: this machine has no address but loopback ones, which are not counted; to get it: a network',
  )

const limits = { connectionsPerAddress: 10 }
const logger = new KeptLog()
interface Listening {
  readonly port: number
  close(): Promise<void>
}
const SERVERS: Readonly<Record<string, () => Promise<Listening>>> = {
  listen: async () => {
    const server = createServer({ limits, logger })
    const { port } = await server.listen({ port: 0 })
    return { port, close: () => server.close() }
  },
  'listen with TLS': async () => {
    const server = createServer({ limits, logger })
    const { port } = await server.listen({ port: 0, tls: EC })
    return { port, close: () => server.close() }
  },
  createTlsServer: async () => {
    const { server, close } = await createTlsServer(EC, () => {}, { limits, logger })
    server.listen(0)
    await once(server, 'listening')
    return { port: (server.address() as AddressInfo).port, close }
  },
}

describe.skipIf(address === undefined)('[H11.9] a server that listens by itself', () => {
  it.each(Object.entries(SERVERS))(
    '%s: ends sockets of an address beyond those it may have, and nobody else’s',
    async (_, serve) => {
      const server = await serve()
      const sockets: Socket[] = []
      let ended = 0
      const open = async (from: string): Promise<void> => {
        const socket = connect(server.port, from)
        socket.on('error', () => {})
        socket.on('close', () => ended++)
        socket.resume()
        sockets.push(socket)
        await once(socket, 'connect')
      }
      try {
        for (let n = 0; n < 30; n++) await open(address ?? '')
        await expect.poll(() => ended).toBe(10)
        for (let n = 0; n < 30; n++) await open('127.0.0.1')
        for (const socket of sockets.slice(0, 5)) socket.destroy()
        await expect.poll(() => ended).toBe(15)
        // Those who left have made room.
        for (let n = 0; n < 6; n++) await open(address ?? '')
        await expect.poll(() => ended).toBe(16)
      } finally {
        for (const socket of sockets) socket.destroy()
        await server.close()
      }
    },
  )

  it('counts them over all that it listens on', async () => {
    const server = createServer({ limits, logger })
    const ports = [(await server.listen({ port: 0 })).port, (await server.listen({ port: 0, tls: EC })).port]
    const sockets: Socket[] = []
    let ended = 0
    try {
      for (let n = 0; n < 30; n++) {
        const socket = connect(ports[n % 2] ?? 0, address ?? '')
        socket.on('error', () => {})
        socket.on('close', () => ended++)
        socket.resume()
        sockets.push(socket)
        await once(socket, 'connect')
      }
      await expect.poll(() => ended).toBe(10)
    } finally {
      for (const socket of sockets) socket.destroy()
      await server.close()
    }
  })
})
