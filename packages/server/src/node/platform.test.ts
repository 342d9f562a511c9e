import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { systemClock } from './platform.js'

async function socketPair(): Promise<readonly [Socket, Socket]> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [other] = (await once(server, 'connection')) as [Socket]
  onTestFinished(() => {
    client.destroy()
    other.destroy()
    server.close()
  })
  return [client, other]
}

function work(milliseconds: number): void {
  for (const until = performance.now() + milliseconds; performance.now() < until; );
}

it('[H11.7] what is put off by 0 ms waits until sockets had their turn, however long turns are', async () => {
  const [from, to] = await socketPair()
  const order: string[] = []
  to.on('data', () => order.push('socket'))
  await new Promise<void>((resolve) => {
    setTimeout(() => {
      systemClock.schedule(0, () => {
        order.push('first')
        systemClock.schedule(0, () => {
          order.push('second')
          resolve()
        })
        from.write('x')
        work(10)
      })
    })
  })
  expect(order).toEqual(['first', 'socket', 'second'])
})

it('what is put off can be called off', async () => {
  const ran: string[] = []
  systemClock.schedule(0, () => ran.push('now'))()
  systemClock.schedule(1, () => ran.push('later'))()
  systemClock.schedule(0, () => ran.push('kept'))
  await new Promise((resolve) => setTimeout(resolve, 5))
  expect(ran).toEqual(['kept'])
})
