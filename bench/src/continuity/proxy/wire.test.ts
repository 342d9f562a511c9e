import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { Wire } from './wire.js'

/** A server that says what it hears, and a wire to it. */
async function echoing(): Promise<{ readonly wire: Wire; readonly port: number }> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return Wire.open((server.address() as AddressInfo).port)
}

async function join(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' })
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  return socket
}

async function echo(socket: Socket, text: string): Promise<string> {
  socket.write(text)
  const [bytes] = await once(socket, 'data')
  return String(bytes)
}

it('carries bytes both ways, cuts with a reset, refuses, and carries again', async () => {
  const { wire, port } = await echoing()
  const first = await join(port)
  expect(await echo(first, 'one')).toBe('one')

  wire.cut()
  expect(await once(first, 'error')).toMatchObject([{ code: 'ECONNRESET' }])
  const refused = connect({ port, host: '127.0.0.1' })
  expect(await once(refused, 'error')).toMatchObject([{ code: 'ECONNRESET' }])

  wire.heal()
  const again = await join(port)
  expect(await echo(again, 'two')).toBe('two')
  const [outage] = wire.outages
  expect(outage).toMatchObject({ refused: 1, accepted: 1 })
  expect(outage?.to).toBeGreaterThanOrEqual(outage?.from ?? Infinity)
  expect(outage?.back).toBeGreaterThanOrEqual(outage?.to ?? Infinity)
})

it('keeps its outages apart', async () => {
  const { wire, port } = await echoing()
  wire.cut()
  wire.heal()
  wire.cut()
  wire.heal()
  await echo(await join(port), 'hello')
  expect(wire.outages.map(({ back, accepted }) => [typeof back, accepted])).toEqual([
    ['object', 0],
    ['number', 1],
  ])
})
