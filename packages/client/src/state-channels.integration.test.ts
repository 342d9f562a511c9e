/** State channels over real sockets: a board that several clients change at once, with cuts. */
import { channel, defineApi } from '@millrace/protocol'
import { createServer } from '@millrace/server'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import * as z from 'zod'
import { FaultyNetwork } from '../../../test/support/faulty-network.js'
import { createClient } from './index.js'

const api = defineApi({
  channels: {
    'board:{id}': channel({
      message: z.object({ cell: z.string(), value: z.number() }),
      conflate: 'cell',
      publish: 'anyone',
    }),
  },
})
const BOARD = 'board:one'
const CELLS = 20

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function world() {
  const server = createServer<typeof api>({ api, logger: { debug() {}, info() {}, warn() {}, error() {} } })
  closers.push(() => server.close())
  const { port } = await server.listen({ port: 0, host: '127.0.0.1' })
  const network = new FaultyNetwork(port)
  closers.push(() => network.close())
  const url = `ws://127.0.0.1:${await network.listen()}/millrace`
  const join = () => {
    const client = createClient<typeof api>({ url, webSocket: WebSocket, backoff: { base: 10, cap: 50 } })
    closers.push(() => client.close())
    return client
  }
  return { server, network, join }
}

describe('[P5.19] [P5.20] [H4.10] a state channel over sockets', () => {
  it('is the same for everybody in the end, whatever was cut on the way', async () => {
    const { network, join } = await world()
    const boards = [join(), join(), join()].map((client) => client.channel(BOARD))
    const repeats: number[] = []
    for (const board of boards) {
      let last = 0
      board.on('message', (_, { offset }) => {
        if (offset <= last) repeats.push(offset)
        last = offset
      })
      board.on('gap', () => repeats.push(-1))
      await board.subscribe()
    }
    for (let round = 0; round < 30; round++) {
      await Promise.all(
        boards.map((board, who) => {
          const cell = `c${(round * 7 + who * 3) % CELLS}`
          return round % 5 === 4 ? board.remove(cell) : board.publish({ cell, value: round * 10 + who })
        }),
      )
      if (round % 4 === 3) network.cut()
    }
    const late = join().channel(BOARD)
    await late.subscribe()
    const seen = (board: (typeof boards)[number]) =>
      [...board.values].map(([key, { message, offset }]) => [key, message.value, offset])
    await expect.poll(() => boards.every((board) => board.state.name === 'subscribed')).toBe(true)
    for (const board of boards) await expect.poll(() => seen(board)).toEqual(seen(late))
    expect(seen(late).length).toBeGreaterThan(5)
    expect(repeats).toEqual([])
  })

  it('counts right when all change one value at once, each on the condition that nobody else has', async () => {
    const { join } = await world()
    const boards = [join(), join(), join()].map((client) => client.channel(BOARD))
    for (const board of boards) await board.subscribe()
    const increment = async (board: (typeof boards)[number]): Promise<void> => {
      for (;;) {
        const now = board.values.get('count')
        const next = { cell: 'count', value: (now?.message.value ?? 0) + 1 }
        try {
          await board.publish(next, { expect: now?.offset ?? 0 })
          return
        } catch (error) {
          expect(error).toMatchObject({ kind: 'conflict' })
          // The newest is on its way.
          await new Promise((resolve) => setTimeout(resolve, 1))
        }
      }
    }
    for (let i = 0; i < 20; i++) await Promise.all(boards.map(increment))
    for (const board of boards) await expect.poll(() => board.values.get('count')?.message.value).toBe(60)
  })
})
