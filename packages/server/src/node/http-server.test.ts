import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import { CA, EC, KeptLog } from '../../test/tls-fixture.js'
import { type OwnServer, plainServer } from './own-server.js'
import { secureServer } from './secure-server.js'

const WITHIN = 10_000
const MOST = 16_384
let own: OwnServer | undefined
let sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  sockets = []
  await own?.close()
})

const SERVERS: Readonly<Record<string, () => OwnServer | Promise<OwnServer>>> = {
  HTTP: () =>
    plainServer(
      { headers: MOST, headersWithin: WITHIN },
      () => null,
      (_, response) => void response.write('begun'),
    ),
  TLS: () =>
    secureServer(
      { tls: EC, hsts: undefined, maxHeaderSize: MOST, logger: new KeptLog(), handshakeMs: WITHIN },
      (_, response) => void response.write('begun'),
    ),
}

/** A connection, and what it has heard when the server has ended. */
async function speaks(port: number, name: string, said: string, options = {}) {
  const socket =
    name === 'TLS'
      ? connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca: CA, ...options })
      : connect({ port, host: '127.0.0.1', ...options })
  sockets.push(socket)
  socket.on('error', () => {})
  let heard = ''
  socket.on('data', (chunk) => {
    heard += String(chunk)
  })
  const ended = new Promise((resolve) => socket.on('end', resolve).on('close', resolve))
  const closed = new Promise((resolve) => socket.on('close', resolve))
  socket.write(said)
  return { socket, heard: () => heard, ended, closed }
}

describe.each(Object.entries(SERVERS))('what is no request, by %s', (name, serve) => {
  const listening = async (): Promise<number> => {
    own = await serve()
    own.server.listen(0, '127.0.0.1')
    await once(own.server, 'listening')
    return (own.server.address() as AddressInfo).port
  }

  it.each([
    ['a head of a megabyte', `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(1_000_000)}`, 431],
    ['a head somewhat beyond the limit', `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(MOST + 100)}`, 431],
    ['nothing that is known', 'HELO x\r\n\r\n', 400],
  ])('%s is told so, though more was sent than was read', async (_, said, status) => {
    const port = await listening()
    const { heard, ended } = await speaks(port, name, said)
    await ended
    expect(heard()).toMatch(new RegExp(`^HTTP/1.1 ${status} [^]*Connection: close\r\n\r\n$`))
  })

  it('who stays is cut, however much more he says', async () => {
    const port = await listening()
    const halfOpen = { allowHalfOpen: true }
    const { socket, heard, ended, closed } = await speaks(port, name, 'HELO x\r\n\r\n', halfOpen)
    await ended
    const goesOn = setInterval(() => socket.writable && socket.write('y'.repeat(1000)), 20)
    const begun = performance.now()
    await closed
    clearInterval(goesOn)
    expect(performance.now() - begun).toBeLessThan(4_000)
    expect(heard().match(/HTTP/g)).toHaveLength(1)
  })

  it('behind a request that is being answered it is the end of that', async () => {
    const port = await listening()
    const { socket, heard, closed } = await speaks(port, name, 'GET / HTTP/1.1\r\nhost: x\r\n\r\n')
    while (!heard().includes('begun')) await once(socket, 'data')
    socket.write('HELO x\r\n\r\n')
    await closed
    expect(heard().match(/HTTP/g)).toHaveLength(1)
  })
})
