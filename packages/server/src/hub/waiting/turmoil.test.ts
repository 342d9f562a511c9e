/** Nodes that die, brokers that are away or lose what they carry, devices that come and go: under a seed, and then the account. */
import { json } from '@millrace/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type TestNode, World } from '../../../test/devices-world.js'
import type { TestClient } from '../../testing/index.js'

/** Numbers that follow from a seed (mulberry32). */
function rng(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

/** A pump that does each command once, whatever it is told how often. */
class Pump {
  readonly done: string[] = []
  readonly #answered = new Set<string>()
  #client: TestClient | undefined
  #seen = 0

  async comeTo(w: World, node: TestNode): Promise<void> {
    if (this.#client !== undefined) await w.cut(this.#client)
    this.#seen = 0
    this.#client = await w.client(node, 'pump')
  }

  /** Answers what came since, some of it. */
  work(chance: (below: number) => number): void {
    const client = this.#client
    const pushed = client?.of('call') ?? []
    for (; this.#seen < pushed.length && chance(4) > 0; this.#seen++) {
      const name = pushed[this.#seen]?.call ?? ''
      if (!this.#answered.has(name)) this.done.push(name)
      this.#answered.add(name)
      client?.say('answer', { call: name, data: json(`did ${name}`) })
    }
  }
}

interface Stored {
  readonly answer: Promise<unknown>
}

class Turmoil {
  readonly w = new World()
  readonly chance: (below: number) => number
  readonly pump = new Pump()
  readonly ends = new Map<string, string>()
  nodes: TestNode[] = []
  /** Who is to be told when a node dies. */
  readonly deaths = new Map<TestNode, (() => void)[]>()
  #names = 0

  constructor(seed: number) {
    this.chance = rng(seed)
  }

  get one(): TestNode {
    const node = this.nodes[this.chance(this.nodes.length)]
    if (node === undefined) throw new Error('no node')
    return node
  }

  async start(): Promise<void> {
    this.nodes.push(await this.w.node(`n-${++this.#names}`))
  }

  /** Asks until it is stored, as somebody would who wants to know, and then follows it; in order per key. */
  async ask(id: string, key: string): Promise<void> {
    for (;;) {
      const stored = await this.#tell(id, key)
      if (stored === undefined) continue
      void this.#follow(id, key, stored)
      return
    }
  }

  /** Whoever asked a node that dies, or is told that it cannot say, asks another one, under the same id. */
  async #follow(id: string, key: string, first: Stored): Promise<void> {
    for (let stored: Stored | undefined = first; ; stored = await this.#tell(id, key)) {
      const end = await stored?.answer.catch(() => undefined)
      if (end === undefined) continue
      this.ends.set(id, String(end))
      return
    }
  }

  /** The answer to come, once it is stored; undefined, after a while, when it could not be. */
  async #tell(id: string, key: string): Promise<Stored | undefined> {
    const node = this.one
    const gone = new Promise<never>((_, reject) =>
      this.deaths.set(node, [...(this.deaths.get(node) ?? []), reject]),
    )
    gone.catch(() => {})
    try {
      const asked = node.hub.commands.ask('pump', { method: 'valve.set', request: { open: true }, id, key })
      const { answer } = await Promise.race([asked, gone])
      return { answer: Promise.race([answer, gone]) }
    } catch {
      await new Promise<void>((resolve) => this.w.clock.schedule(700, resolve))
      return undefined
    }
  }

  /** Something goes wrong, or right again. */
  async stir(): Promise<void> {
    switch (this.chance(8)) {
      case 0:
      case 1:
        return this.pump.comeTo(this.w, this.one)
      case 2:
        if (this.nodes.length < 2) return
        return this.kill(this.one)
      case 3:
        if (this.nodes.length < 4) await this.start()
        return
      case 4:
        this.one.broker.isAway = true
        return
      case 5:
        this.one.broker.isDeaf = true
        return
      default:
        this.heal()
    }
  }

  async kill(node: TestNode): Promise<void> {
    this.nodes = this.nodes.filter((one) => one !== node)
    await this.w.kill(node)
    for (const tell of this.deaths.get(node) ?? []) tell()
  }

  heal(): void {
    for (const { broker } of this.nodes) {
      broker.isAway = false
      broker.isDeaf = false
    }
  }
}

async function run(seed: number): Promise<void> {
  const t = new Turmoil(seed)
  for (let node = 0; node < 3; node++) await t.start()
  const keys = ['x', 'y', 'z']
  const asking = Promise.all(
    keys.map(async (key) => {
      for (let n = 0; n < 6; n++) await t.ask(`${key}-${n}`, key)
    }),
  )
  for (let step = 0; step < 40; step++) {
    await t.stir()
    await t.w.pass(t.chance(4000))
    t.pump.work(t.chance)
    await t.w.pass(0)
  }
  t.heal()
  await t.pump.comeTo(t.w, t.one)
  for (let calm = 0; calm < 120; calm++) {
    t.pump.work(() => 1)
    await t.w.pass(1000)
  }
  await asking
  const all = keys.flatMap((key) => [0, 1, 2, 3, 4, 5].map((n) => `${key}-${n}`))
  expect(Object.fromEntries(t.ends)).toEqual(Object.fromEntries(all.map((id) => [id, `did ${id}`])))
  for (const key of keys)
    expect(t.pump.done.filter((id) => id.startsWith(key))).toEqual(all.filter((id) => id.startsWith(key)))
}

describe('[H5.6] [H5.9] [H5.10] in a turmoil', () => {
  it('every command is done once, in its order, and has its one end', async () => {
    await fc.assert(fc.asyncProperty(fc.integer(), run), { numRuns: 25 })
  }, 120_000)
})
