import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import { CA, EC, KeptLog } from '../../test/tls-fixture.js'
import type { SocketDoor } from './accepted-sockets.js'
import { type OwnServer, plainServer } from './own-server.js'
import { secureServer } from './secure-server.js'

const WITHIN = 10_000
let own: OwnServer | undefined
let sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  sockets = []
  await own?.close()
})

/** Lets in so many at once. */
function doorFor(most: number): { readonly door: SocketDoor; readonly asked: string[] } {
  const asked: string[] = []
  let inside = 0
  const door: SocketDoor = (address) => {
    asked.push(address)
    if (inside >= most) return undefined
    inside++
    return () => inside--
  }
  return { door, asked }
}

const SERVERS: Readonly<Record<string, (door: SocketDoor) => OwnServer | Promise<OwnServer>>> = {
  HTTP: (door) => plainServer({ headersWithin: WITHIN }, door, (_, response) => void response.end('here')),
  TLS: (door) =>
    secureServer(
      {
        ...{ tls: EC, hsts: undefined, maxHeaderSize: 16_384, logger: new KeptLog(), door },
        handshakeMs: WITHIN,
      },
      (_, response) => void response.end('here'),
    ),
}

/** What it answers, or `ended` where it ended the connection. */
async function ask(port: number, isTls: boolean): Promise<string> {
  const socket = isTls
    ? connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca: CA })
    : connect(port, '127.0.0.1')
  sockets.push(socket)
  socket.on('error', () => {})
  socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')
  let said = ''
  return new Promise((resolve) => {
    socket.on('data', (chunk) => {
      said += String(chunk)
      if (said.includes('here')) resolve('here')
    })
    socket.on('close', () => resolve('ended'))
  })
}

describe.each(Object.entries(SERVERS))('[H11.9] sockets by %s', (name, serve) => {
  it('that the door lets in are served, others are ended, and who leaves makes room', async () => {
    const { door, asked } = doorFor(2)
    own = await serve(door)
    own.server.listen(0, '127.0.0.1')
    await once(own.server, 'listening')
    const { port } = own.server.address() as AddressInfo
    const isTls = name === 'TLS'
    expect([await ask(port, isTls), await ask(port, isTls)]).toEqual(['here', 'here'])
    expect([await ask(port, isTls), await ask(port, isTls)]).toEqual(['ended', 'ended'])
    expect(asked).toEqual(Array(4).fill('127.0.0.1'))
    const [first] = sockets
    first?.destroy()
    let again = 'ended'
    while (again === 'ended') again = await ask(port, isTls)
    expect(again).toBe('here')
  })
})
