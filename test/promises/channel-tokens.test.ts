/** Tokens of channels that live for two seconds, over real sockets, while the network is cut: whoever is granted the channel misses nothing. */
import { createHmac } from 'node:crypto'
import { createClient } from '@millrace/client'
import { channel, channelJwt, createServer, defineApi } from '@millrace/server'
import { it } from 'vitest'
import { WebSocket } from 'ws'
import * as z from 'zod'
import { FaultyNetwork } from '../support/faulty-network.js'
import { numbers, pause, until } from './world.js'

const SECRET = 'a secret of thirty-two bytes or more'
const TTL = 2000
const api = defineApi({
  channels: { 'room:{name}': channel({ message: z.number(), history: { size: 1000 } }) },
})

/** A JSON Web Token, HS256. */
function sign(claims: object): string {
  const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${encoded({ alg: 'HS256' })}.${encoded(claims)}`
  return `${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`
}

it('[H2.6] [P5.22] tokens of channels that end follow each other, and nothing is missing or comes twice', async ({
  expect,
  onTestFinished,
}) => {
  const silent = { debug() {}, info() {}, warn() {}, error() {} }
  const server = createServer({
    ...{ api, logger: silent, channelTokens: channelJwt({ secret: SECRET, clockTolerance: 0 }) },
  })
  server.channel('room:{name}').authorize(() => false)
  const { port } = await server.listen({ port: 0, host: '127.0.0.1' })
  onTestFinished(() => server.close())
  const network = new FaultyNetwork(port)
  const client = createClient<typeof api>({
    url: `ws://127.0.0.1:${await network.listen()}/millrace`,
    webSocket: WebSocket,
  })
  onTestFinished(async () => {
    client.close()
    await network.close()
  })
  let asked = 0
  const room = client.channel('room:one', {
    token: async () => {
      asked++
      return sign({ channel: 'room:one', exp: (Date.now() + TTL) / 1000 })
    },
  })
  const heard: unknown[] = []
  room.on('message', (n) => heard.push(n))
  room.on('gap', (gap) => heard.push(gap))
  await room.subscribe()
  const COUNT = 160
  for (let n = 1; n <= COUNT; n++) {
    await server.publish('room:one', n)
    if (n % 60 === 0) network.cut()
    await pause(50)
  }
  await until(
    () => heard.length >= COUNT,
    () => [heard.length, room.state],
  )
  expect(heard).toEqual(numbers(1, COUNT))
  expect(asked).toBeGreaterThanOrEqual(4)
  await expect(client.channel('room:two').subscribe()).rejects.toMatchObject({ kind: 'forbidden' })
  await expect(room.publish(1)).rejects.toMatchObject({ kind: 'forbidden' })
})
