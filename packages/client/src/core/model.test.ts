import type { Gap, Position } from '@millrace/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { settle } from '../../test/clock.js'
import { ModelServer } from '../../test/model-server.js'
import { type FakeSocket, type World, world } from '../../test/world.js'

const CHANNEL = 'chat:lobby'

/** What the network, the server and the application do, one after the other. */
const step = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ do: 'publish' } as const) },
  { weight: 2, arbitrary: fc.constant({ do: 'lose' } as const) },
  {
    weight: 8,
    arbitrary: fc.integer({ min: 1, max: 6 }).map((count) => ({ do: 'deliver', count }) as const),
  },
  { weight: 6, arbitrary: fc.constant({ do: 'read' } as const) },
  { weight: 2, arbitrary: fc.constant({ do: 'repeat' } as const) },
  { weight: 3, arbitrary: fc.constantFrom(1006, 4000, 4001).map((code) => ({ do: 'cut', code }) as const) },
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 3000 }).map((ms) => ({ do: 'wait', ms }) as const) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 60_000 }).map((ms) => ({ do: 'sleep', ms }) as const) },
  { weight: 1, arbitrary: fc.constant({ do: 'trim' } as const) },
  { weight: 1, arbitrary: fc.constant({ do: 'wipe' } as const) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('online', 'offline', 'wake').map((event) => ({ do: event }) as const),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom('send', 'call', 'history', 'subscribe').map((what) => ({ do: what }) as const),
  },
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

/** What the subscriber was told, in order. */
type Told = { readonly offset: number; readonly message: unknown } | { readonly gap: Gap }

class Run {
  readonly w: World = world({ limits: { held: 4 } })
  readonly server = new ModelServer()
  readonly told: Told[] = []
  readonly promises: { readonly what: string; readonly until: number; settled: boolean }[] = []
  #count = 0
  #last: string | undefined

  constructor() {
    const room = this.w.client.channel(CHANNEL)
    room.on('message', (message, { offset }) => this.told.push({ offset, message }))
    room.on('gap', (gap) => this.told.push({ gap }))
    this.w.client.on('error', () => {})
  }

  get socket(): FakeSocket | undefined {
    const socket = this.w.sockets.at(-1)
    return socket === undefined || socket.closed !== undefined ? undefined : socket
  }

  async take(step: Step): Promise<void> {
    const { server, w, socket } = this
    switch (step.do) {
      case 'publish':
        server.publish(CHANNEL, `v${++this.#count}`)
        break
      case 'lose':
        server.publish(CHANNEL, `v${++this.#count}`, true)
        break
      case 'deliver':
        if (socket !== undefined) {
          const session = server.session(socket)
          const messages = session.outgoing.slice(0, step.count)
          if (messages.some(({ kind }) => kind === 'gap')) this.#last = undefined
          else this.#last = JSON.stringify(messages)
          await server.deliver(session, step.count)
        }
        break
      case 'read':
        if (socket !== undefined) {
          await socket.open()
          server.readAll(server.session(socket))
        }
        break
      case 'repeat': {
        // Pushes come twice when a node changes; replies do not.
        const messages = JSON.parse(this.#last ?? '[]').filter(
          ({ kind }: { kind: string }) => kind === 'publication',
        )
        if (socket !== undefined && messages.length > 0) await socket.say(...messages)
        break
      }
      case 'cut':
        if (socket !== undefined) await this.#cut(socket, step.code)
        break
      case 'wait':
        await w.clock.advance(step.ms)
        break
      case 'sleep':
        await w.clock.sleep(step.ms)
        break
      case 'trim':
        server.trim(CHANNEL)
        break
      case 'wipe':
        server.wipe(CHANNEL)
        // What comes twice comes before the gap to the new epoch: publications do not say theirs.
        this.#last = undefined
        break
      case 'online':
      case 'offline':
        w.online = step.do === 'online'
        await w.tell(step.do)
        break
      case 'wake':
        await w.tell('wake')
        break
      default:
        this.#ask(step.do)
    }
    await settle()
  }

  /** The network heals, and time passes until nothing is under way any more. */
  async calmDown(): Promise<void> {
    this.w.online = true
    await this.w.tell('online')
    for (let i = 0; i < 60; i++) {
      // What the fan-out lost last shows with the next publication.
      if (i === 30) await this.take({ do: 'publish' })
      await this.take({ do: 'read' })
      await this.take({ do: 'deliver', count: 1000 })
      await this.w.clock.advance(i < 40 ? 1000 : 50)
    }
  }

  async #cut(socket: FakeSocket, code: number): Promise<void> {
    const session = this.server.session(socket)
    session.subscriptions.clear()
    session.outgoing.length = 0
    await socket.drop(code)
  }

  #ask(what: 'send' | 'call' | 'history' | 'subscribe'): void {
    const room = this.w.client.channel(CHANNEL)
    const timeout = 5_000
    const promise = {
      send: () => room.publish(`own${++this.#count}`, { timeout }),
      call: () => this.w.client.call('echo', 1, { timeout }),
      history: () => room.history({ timeout }),
      subscribe: () => room.subscribe({ timeout }),
    }[what]()
    const record = { what, until: this.w.clock.now() + timeout, settled: false }
    this.promises.push(record)
    promise.then(
      () => {
        record.settled = true
      },
      (error: { kind?: string }) => {
        record.settled = true
        expect(['timeout', 'connection-lost', 'limit-exceeded']).toContain(error.kind)
      },
    )
  }
}

/** Order, no repeats, and every publication either handed on or inside exactly one gap. */
function judge({ told, server }: Run, start: Position): void {
  let at = start
  for (const item of told) {
    if ('gap' in item) {
      expect(item.gap.from).toEqual(at)
      if (item.gap.to.epoch === at.epoch) expect(item.gap.to.offset).toBeGreaterThan(at.offset)
      at = item.gap.to
    } else {
      expect(item.offset).toBe(at.offset + 1)
      at = { epoch: at.epoch, offset: item.offset }
      expect(server.published.get(`${CHANNEL} ${at.epoch} ${at.offset}`)).toBe(item.message)
    }
  }
  const { epoch, head } = server.stream(CHANNEL)
  expect(at).toEqual({ epoch: `e${epoch}`, offset: head })
}

describe('a client in a hostile world', () => {
  it('hands on every publication once, in order, or says that it is lost; and every promise settles by its deadline [P6.2] [P6.3] [P6.4]', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }), async (steps) => {
        const run = new Run()
        await settle()
        const { socket } = run
        if (socket === undefined) throw new Error('The client opened no socket')
        // The first subscription stands, so that its position is the beginning of what the client owes.
        await run.take({ do: 'read' })
        await run.take({ do: 'deliver', count: 10 })
        for (const one of steps) {
          await run.take(one)
          for (const { what, until, settled } of run.promises)
            if (run.w.clock.now() > until) expect(settled, what).toBe(true)
        }
        await run.calmDown()
        judge(run, { epoch: 'e1', offset: 0 })
        expect(run.promises.filter(({ settled }) => !settled)).toEqual([])
        expect(run.w.reports).toEqual([])
        expect(run.server.complaints).toEqual([])
        expect(run.w.client.state.name).toBe('connected')
      }),
      { numRuns: Number(process.env['MILLRACE_RUNS'] ?? 300) },
    )
  })
})
