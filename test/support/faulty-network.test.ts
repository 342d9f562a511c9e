import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { FaultyNetwork } from './faulty-network.js'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** A client and a server that sends without end, and how much each has heard. */
async function ends(rate = Number.POSITIVE_INFINITY) {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const network = new FaultyNetwork((server.address() as AddressInfo).port)
  network.rate = { up: rate, down: rate }
  const client = connect(await network.listen(), '127.0.0.1')
  const [there] = (await once(server, 'connection')) as [Socket]
  closers.push(async () => {
    await network.close()
    server.close()
  })
  const heard = { client: 0, server: 0 }
  for (const [socket, name] of [[client, 'client'] as const, [there, 'server'] as const]) {
    socket.on('error', () => {})
    socket.on('data', ({ length }) => {
      heard[name] += length
    })
  }
  return { network, client, there, heard }
}

it('lets so many bytes pass in a second, each way, and takes hardly more from the server than that', async () => {
  const { there, client, heard } = await ends(20_000)
  there.write(Buffer.alloc(100_000))
  client.write(Buffer.alloc(100_000))
  await pause(1000)
  for (const bytes of Object.values(heard)) expect(bytes).toBeLessThan(25_000)
  expect(heard.client).toBeGreaterThan(10_000)
  await pause(1000)
  expect(heard.client).toBeLessThan(45_000)
  expect(heard.client).toBeGreaterThan(25_000)
})

it('may become faster and slower', async () => {
  const { network, there, heard } = await ends(1000)
  there.write(Buffer.alloc(3_000_000))
  await pause(200)
  expect(heard.client).toBeLessThan(3000)
  network.rate = { up: 10_000_000, down: 10_000_000 }
  await expect.poll(() => heard.client, { timeout: 10_000 }).toBe(3_000_000)
})

it('holds what is sent, and gives it when it is healed', async () => {
  const { network, there, heard } = await ends()
  network.hold()
  there.write('held')
  await pause(50)
  expect(heard.client).toBe(0)
  network.heal()
  await expect.poll(() => heard.client).toBe(4)
})

it('tells nobody beyond a black hole that the other end is gone', async () => {
  const { network, there, client } = await ends()
  network.blackHole()
  there.destroy()
  await pause(50)
  expect(client.destroyed).toBe(false)
  network.cut()
  await expect.poll(() => client.destroyed).toBe(true)
})
