/**
 * A network that cuts what is idle for 30 seconds, as many do, in real time and with default settings: over more than two such times
 * nobody says anything, and every client is still there. networks.test.ts has the same in a tenth of the time, with what others do.
 */
import { createClient } from '@millrace/client'
import { channel, createServer, defineApi } from '@millrace/server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { tool } from '../support/tools.js'
import { type Habits, Nginx } from './nginx.js'
import { startSilent } from './paths.js'

const nginxCommand = tool.nginx()

const IDLE = 30_000
const QUIET = 2 * IDLE + 5000
const CUTS = { idle: '30s', clientIdle: '30s' } as const
const PATHS = {
  websocket: { upgrades: 'pass', ...CUTS },
  stream: { upgrades: 'stripped', ...CUTS },
  poll: { upgrades: 'stripped', buffers: true, ...CUTS },
  /** Takes WebSockets, and nobody says anything. */
  silent: { upgrades: 'silent', ...CUTS },
} as const satisfies { readonly [path: string]: Habits }
const TRANSPORTS = ['websocket', 'stream', 'poll'] as const

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Follows a channel, and everything that happens to its connection. */
class Follower {
  readonly name: string
  readonly client: ReturnType<typeof createClient>
  readonly states: string[] = []
  readonly heard: unknown[] = []
  gaps = 0
  /** When the last message came. */
  at = 0
  readonly subscribed: Promise<void>

  constructor(name: string, port: number) {
    this.name = name
    this.client = createClient({ url: `ws://127.0.0.1:${port}/millrace`, webSocket: WebSocket })
    this.client.on('state', (state) => this.states.push(state.name))
    const room = this.client.channel('room:quiet')
    room.on('message', (message) => {
      this.at = performance.now()
      this.heard.push(message)
    })
    room.on('gap', () => this.gaps++)
    this.subscribed = room.subscribe({ timeout: '30s' })
  }

  get reconnections(): number {
    return this.states.filter((name) => name === 'reconnecting').length
  }
}

describe.skipIf(nginxCommand === undefined)(
  'behind a real nginx that cuts what is idle for 30 seconds',
  { timeout: QUIET + 90_000 },
  () => {
    const api = defineApi({ channels: { 'room:{name}': channel({ history: { size: 10 } }) } })
    const server = createServer({ api })
    server.channel('room:{name}').authorize(() => true)
    let direct: number
    let silent: Awaited<ReturnType<typeof startSilent>>
    let nginx: Nginx<keyof typeof PATHS>

    beforeAll(async () => {
      direct = (await server.listen({ port: 0, host: '127.0.0.1' })).port
      silent = await startSilent()
      nginx = await Nginx.start(nginxCommand ?? '', { nodes: [direct], silent: silent.port }, PATHS)
    })
    afterAll(async () => {
      await nginx?.stop()
      silent?.server.close()
      silent?.server.closeAllConnections()
      await server.close()
    })

    it('[P7.1] [P8.4] a client of any transport that hears nothing for longer stays connected, and is told what comes then', async () => {
      const control = new Follower('past nginx', direct)
      const followers = TRANSPORTS.map((name) => new Follower(name, nginx.ports[name]))
      const all = [...followers, control]
      try {
        await Promise.all(all.map(({ subscribed }) => subscribed))
        await expect
          .poll(() => all.map(({ client }) => client.transport?.name), { timeout: 30_000 })
          .toEqual([...TRANSPORTS, 'websocket'])
        const before = all.map(({ client, reconnections }) => ({ session: client.session, reconnections }))
        // That the network does cut what is idle is seen of one who gets no pings.
        const began = performance.now()
        let livedFor = 0
        const idle = new WebSocket(`ws://127.0.0.1:${nginx.ports.silent}/millrace`, 'millrace.json')
        idle.on('error', () => {})
        idle.on('close', () => {
          livedFor = performance.now() - began
        })
        await pause(QUIET)
        const after = all.map(({ client, reconnections }) => ({ session: client.session, reconnections }))
        const asked = performance.now()
        await server.publish('room:quiet', 'anybody there?')
        await expect.poll(() => all.every(({ heard }) => heard.length > 0), { timeout: 20_000 }).toBe(true)
        console.info(
          `idle for ${QUIET / 1000} s; who gets no pings was cut after ${(livedFor / 1000).toFixed(1)} s`,
        )
        for (const [index, { name, at }] of all.entries()) {
          const times = (after[index]?.reconnections ?? 0) - (before[index]?.reconnections ?? 0)
          console.info(`  ${name}: reconnected ${times} times, told after ${(at - asked).toFixed(0)} ms`)
        }
        expect(livedFor).toBeGreaterThan(IDLE - 1000)
        expect(livedFor).toBeLessThan(QUIET)
        expect(after).toEqual(before)
        expect(all.map(({ heard, gaps }) => [heard, gaps])).toEqual(all.map(() => [['anybody there?'], 0]))
        // However busy this machine is, it is so for the one past nginx as well.
        for (const { at } of followers) expect(at - control.at).toBeLessThan(1000)
      } finally {
        for (const { client } of all) client.close()
      }
    })
  },
)
