/** Commands to devices that come and go, over real sockets, processes that are killed, a real disk and a real Redis. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClient } from '@millrace/client'
import { createCommands } from '@millrace/client/commands'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { FaultyNetwork } from '../support/faulty-network.js'
import { requireTool } from '../support/tools.js'
import { startNode, startRedis } from './processes.js'
import { numbers, pause, until } from './world.js'

const redisServer = requireTool('redis-server', 'apt-get install redis-server')
const SERVER = fileURLToPath(new URL('./device-server.mjs', import.meta.url))
const PUMP = { user: 'pump' } as const

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** Somebody with a network of its own. */
async function join2(port: number, user: string) {
  const network = new FaultyNetwork(port)
  const client = createClient({
    url: `ws://127.0.0.1:${await network.listen()}/millrace`,
    webSocket: WebSocket,
    token: user,
    autoConnect: false,
    backoff: { base: 20, cap: 200 },
  })
  closers.push(async () => {
    client.close()
    await network.close()
  })
  return { network, client }
}
type Party = Awaited<ReturnType<typeof join2>>

/** A pump, which writes down what it does. */
async function pump(port: number, work: (n: number) => Promise<unknown> = async () => {}) {
  const party = await join2(port, 'pump')
  const done: number[] = []
  const commands = createCommands(party.client)
  commands.handle('valve.set', async ({ request }) => {
    const { n } = request as { readonly n: number }
    await work(n)
    done.push(n)
    return `did ${n}`
  })
  party.client.handle('valve.read', () => done.length)
  await party.client.connect()
  return { ...party, done }
}

async function asker(port: number, user = 'ann'): Promise<Party> {
  const party = await join2(port, user)
  await party.client.connect()
  return party
}

const ask = ({ client }: Party, n: number, options: { readonly key?: string } = {}): Promise<unknown> =>
  client.call('valve.set', { n }, { to: PUMP, ttl: '5m', id: `k-${n}`, ...options })

async function nodes(broker: string, count: number) {
  const all = await Promise.all(Array.from({ length: count }, () => startNode(broker, 0, SERVER)))
  closers.push(() => Promise.all(all.map((node) => node.process.kill())))
  return all
}

describe('[H5.7] a server that keeps its streams on disk', { timeout: 90_000 }, () => {
  it('is killed while commands wait: they are carried out when it is back, and have one answer each', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-devices-'))
    closers.push(() => rmSync(folder, { recursive: true, force: true }))
    const broker = `disk:${folder}`
    let node = await startNode(broker, 0, SERVER)
    closers.push(() => node.process.kill())
    const { port } = node
    const ann = await asker(port)
    const answers = numbers(1, 20).map((n) => ask(ann, n, { key: 'v' }))
    await pause(500)
    await node.process.kill()
    node = await startNode(broker, port, SERVER)
    const device = await pump(port)
    const expected = numbers(1, 20).map((n) => `did ${n}`)
    expect(await Promise.all(answers)).toEqual(expected)
    await node.process.kill()
    node = await startNode(broker, port, SERVER)
    const bob = await asker(port, 'bob')
    expect(await Promise.all(numbers(1, 20).map((n) => ask(bob, n)))).toEqual(expected)
    expect(device.done).toEqual(numbers(1, 20))
  })

  it('is killed in the middle of a command: the device does it once, and its answer arrives', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-devices-'))
    closers.push(() => rmSync(folder, { recursive: true, force: true }))
    const broker = `disk:${folder}`
    let node = await startNode(broker, 0, SERVER)
    closers.push(() => node.process.kill())
    const { port } = node
    let begun = 0
    const device = await pump(port, async () => {
      begun++
      await pause(1500)
    })
    const ann = await asker(port)
    const answer = ask(ann, 1)
    await until(
      () => begun === 1,
      () => begun,
    )
    await node.process.kill()
    node = await startNode(broker, port, SERVER)
    expect(await answer).toBe('did 1')
    expect([begun, device.done]).toEqual([1, [1]])
  })
})

describe.skipIf(redisServer === undefined)('three nodes behind a real Redis', { timeout: 120_000 }, () => {
  async function three() {
    const redis = await startRedis(redisServer ?? '')
    closers.push(() => redis.process.kill())
    const all = await nodes(redis.url, 3)
    return { redis, all, ports: all.map((node) => node.port) as [number, number, number] }
  }

  it('[H5.5] a call finds its device on whichever node it is, and says when it is on none', async () => {
    const { ports } = await three()
    const ann = await asker(ports[0])
    await expect(ann.client.call('valve.read', null, { to: PUMP })).rejects.toMatchObject({
      kind: 'no-such-target',
    })
    const device = await pump(ports[1])
    expect(await ann.client.call('valve.read', null, { to: PUMP })).toBe(0)
    const { session = '' } = device.client
    expect(await ann.client.call('valve.read', null, { to: { session } })).toBe(0)
  })

  it('[H5.9] [P5.18] the device goes to another node in the middle of a command, and does it once', async () => {
    const { ports } = await three()
    let begun = 0
    const device = await pump(ports[1], async () => {
      begun++
      await pause(1000)
    })
    const ann = await asker(ports[0])
    const answer = ask(ann, 1)
    await until(
      () => begun === 1,
      () => begun,
    )
    device.network.target = ports[2]
    device.network.cut()
    expect(await answer).toBe('did 1')
    expect([begun, device.done]).toEqual([1, [1]])
  })

  it('[H5.9] the device’s node is killed in the middle of a command: another one takes it over', async () => {
    const { all, ports } = await three()
    let begun = 0
    const device = await pump(ports[1], async () => {
      begun++
      await pause(500)
    })
    const ann = await asker(ports[0])
    const answer = ask(ann, 1)
    await until(
      () => begun === 1,
      () => begun,
    )
    await all[1]?.process.kill()
    device.network.target = ports[2]
    expect(await answer).toBe('did 1')
    expect([begun, device.done]).toEqual([1, [1]])
  })

  it('[H5.6] [H5.10] devices and askers are cut and a node is killed: each command is done once, in its order, and answered', async () => {
    const { all, ports } = await three()
    const device = await pump(ports[1], () => pause(5))
    const askers = await Promise.all(ports.map((port, index) => asker(port, `asker-${index}`)))
    const answers: Promise<unknown>[] = []
    const asking = async (party: Party, index: number): Promise<void> => {
      for (const turn of numbers(0, 49)) {
        answers.push(ask(party, index * 1000 + turn, { key: `key-${index}` }))
        await pause(30)
      }
    }
    let isOver = false
    const cutting = (async () => {
      for (let turn = 0; !isOver; turn++) {
        await pause(250)
        // What a load balancer does: to one of the nodes that live.
        for (const party of [device, ...askers]) party.network.target = ports[(turn % 2) + 1] ?? 0
        device.network.cut()
        askers[turn % 3]?.network.cut()
      }
    })()
    const writing = Promise.all(askers.map(asking))
    await pause(500)
    await all[0]?.process.kill()
    for (const party of [device, ...askers])
      if (party.network.target === ports[0]) party.network.target = ports[1]
    await writing
    isOver = true
    await cutting
    const ends = await Promise.allSettled(answers)
    expect(ends.filter(({ status }) => status === 'rejected')).toEqual([])
    for (const index of numbers(0, 2)) {
      const mine = device.done.filter((n) => Math.floor(n / 1000) === index)
      expect(mine).toEqual(numbers(0, 49).map((turn) => index * 1000 + turn))
    }
  })
})
