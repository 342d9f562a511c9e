/** Who is there, over real sockets and processes: nobody flickers, and nobody stays who is gone. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { requireTool } from '../support/tools.js'
import { startNode, startRedis } from './processes.js'
import { Listener, pause, serve, until } from './world.js'

const redisServer = requireTool('redis-server', 'apt-get install redis-server')

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function enter(port: number, name: string): Promise<Listener> {
  const listener = await Listener.join(port)
  closers.push(() => listener.leave())
  await listener.room.enter(name)
  return listener
}

/** Watches the room, and keeps what it was told. */
class Watcher {
  readonly told: string[] = []
  shown: readonly string[] = []
  readonly listener: Listener

  private constructor(listener: Listener) {
    this.listener = listener
    listener.room.on('presence', ({ members, joined, updated, departed }) => {
      this.shown = members.map(({ data }) => String(data)).sort()
      for (const [what, who] of Object.entries({ joined, updated, departed }))
        for (const { data } of who) this.told.push(`${what} ${data}`)
    })
  }

  static async at(port: number): Promise<Watcher> {
    const listener = await Listener.join(port)
    closers.push(() => listener.leave())
    const watcher = new Watcher(listener)
    await until(
      () => listener.room.state.name === 'subscribed',
      () => listener.room.state,
    )
    return watcher
  }

  sees(names: readonly string[]): Promise<void> {
    return until(
      () => this.shown.join() === names.join(),
      () => this.shown,
    )
  }
}

describe('[H1.5] [H1.6] members whose connections are cut', { timeout: 60_000 }, () => {
  it('never depart while they come back, are the same sessions, and depart when they say so', async () => {
    const { server, port } = await serve()
    closers.push(() => server.close())
    const watcher = await Watcher.at(port)
    const members = await Promise.all(['ada', 'bob', 'cid'].map((name) => enter(port, name)))
    await watcher.sees(['ada', 'bob', 'cid'])
    const sessions = members.map(({ client }) => client.session)
    const told = watcher.told.length
    for (let round = 0; round < 15; round++) {
      for (const { network } of members) network.cut()
      if (round % 5 === 0) watcher.listener.network.cut()
      await pause(100)
    }
    for (const member of members) {
      await until(
        () => member.room.state.name === 'subscribed',
        () => member.client.state,
      )
      expect(member.network.connections).toBeGreaterThan(5)
    }
    expect(members.map(({ client }) => client.session)).toEqual(sessions)
    await members[0]?.room.enter('ada, again')
    await watcher.sees(['ada, again', 'bob', 'cid'])
    members[1]?.client.close()
    await watcher.sees(['ada, again', 'cid'])
    expect(watcher.told.slice(told)).toEqual(['updated ada, again', 'departed bob'])
  })

  it('[B12] are there when a server that is killed is there again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-presence-'))
    closers.push(() => rmSync(folder, { recursive: true, force: true }))
    const broker = `disk:${folder}`
    let node = await startNode(broker)
    closers.push(() => node.process.kill())
    const { port } = node
    const watcher = await Watcher.at(port)
    const members = await Promise.all(['ada', 'bob'].map((name) => enter(port, name)))
    await watcher.sees(['ada', 'bob'])
    const told = watcher.told.length
    // What enters is written down soon after, not at once.
    await pause(300)
    // This one comes back too late for anybody else to see it go, and not at all.
    if (members[1] !== undefined) members[1].network.refusing = true
    await node.process.kill()
    node = await startNode(broker, port)
    await until(
      () => members[0]?.room.state.name === 'subscribed' && watcher.listener.room.state.name === 'subscribed',
      () => [members[0]?.client.state, watcher.listener.client.state],
    )
    await pause(2_000)
    expect(watcher.told.slice(told)).toEqual([])
    await watcher.sees(['ada'])
    expect(watcher.told.slice(told)).toEqual(['departed bob'])
  })
})

describe.skipIf(redisServer === undefined)(
  'members on three nodes behind a real Redis',
  { timeout: 90_000 },
  () => {
    async function nodes() {
      const redis = await startRedis(redisServer ?? '')
      closers.push(() => redis.process.kill())
      const started = await Promise.all([1, 2, 3].map(() => startNode(redis.url)))
      closers.push(() => Promise.all(started.map((node) => node.process.kill())))
      const [a, b, c] = started
      if (a === undefined || b === undefined || c === undefined) throw new Error('three were started')
      return { a, b, c }
    }

    it('[H1.6] [H1.7] go from node to node, and nobody sees them go', async () => {
      const { a, b, c } = await nodes()
      const watcher = await Watcher.at(b.port)
      const ada = await enter(a.port, 'ada')
      await watcher.sees(['ada'])
      const { session } = ada.client
      for (const { port } of [b, c, a, c, b, a]) {
        ada.network.target = port
        // The node that had it learns nothing of it: to it the connection is only silent.
        ada.network.swallow('up')
        ada.network.swallow('down')
        await until(
          () => ada.client.state.name === 'reconnecting',
          () => ada.client.state,
        )
        await until(
          () => ada.room.state.name === 'subscribed' && ada.client.state.name === 'connected',
          () => ada.client.state,
        )
      }
      await pause(13_000)
      expect(ada.client.session).toBe(session)
      expect(watcher.told).toEqual(['joined ada'])
      expect((await watcher.listener.room.members()).map(({ data }) => data)).toEqual(['ada'])
    })

    it('[B12] of a node that is killed: who comes back never left, who does not is gone within 15 seconds', async () => {
      const { a, b, c } = await nodes()
      const watcher = await Watcher.at(b.port)
      const [ada, bob] = [await enter(a.port, 'ada'), await enter(a.port, 'bob')]
      await enter(c.port, 'cid')
      await watcher.sees(['ada', 'bob', 'cid'])
      bob.network.refusing = true
      ada.network.target = c.port
      await a.process.kill()
      const killed = Date.now()
      await watcher.sees(['ada', 'cid'])
      expect(Date.now() - killed).toBeLessThan(15_000)
      await pause(3_000)
      expect(watcher.told.filter((what) => !what.startsWith('joined'))).toEqual(['departed bob'])
      expect(watcher.told.filter((what) => what === 'joined ada')).toHaveLength(1)
    })
  },
)
