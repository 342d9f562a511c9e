import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { openThinLink } from './thin-link.js'

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

it('carries as much as it may, each way, and nothing is lost', async () => {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const link = await openThinLink((server.address() as AddressInfo).port, 50_000)
  const client = connect(link.port, '127.0.0.1')
  const [there] = (await once(server, 'connection')) as [Socket]
  onTestFinished(() => {
    client.destroy()
    server.close()
  })
  const heard: Buffer[] = []
  client.on('data', (bytes) => heard.push(bytes))
  const sent = Buffer.from(Array.from({ length: 60_000 }, (_, i) => i & 255))
  there.write(sent)
  await pause(500)
  const half = Buffer.concat(heard).length
  expect(half).toBeGreaterThan(10_000)
  expect(half).toBeLessThan(35_000)
  await expect.poll(() => Buffer.concat(heard).length, { timeout: 5000 }).toBe(sent.length)
  expect(Buffer.concat(heard).equals(sent)).toBe(true)
  client.write('up')
  expect(String((await once(there, 'data'))[0])).toBe('up')
  expect(link.connections()).toBe(1)
})
