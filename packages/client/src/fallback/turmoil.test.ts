import { describe, expect, it } from 'vitest'
import { CALM, type Faults, TurmoilWorld } from '../../test/turmoil.js'

/** More on demand: `TURMOIL_SEEDS=1000 npx vitest run …/turmoil.test.ts`; one alone: `TURMOIL_SEED=7`. */
const SEEDS = Number(process.env['TURMOIL_SEEDS'] ?? 30)
const FIRST = Number(process.env['TURMOIL_SEED'] ?? 1)
const LAST = process.env['TURMOIL_SEED'] === undefined ? SEEDS : FIRST

const TROUBLE = 60_000
const PEACE = 90_000

/** What goes wrong, and how much of it, is the seed's choice. */
function faultsOf({ rng }: TurmoilWorld): Faults {
  const some = (most: number): number => (rng.chance(0.5) ? rng.next() * most : 0)
  return {
    lost: some(0.1),
    doubled: some(0.1),
    unanswered: some(0.1),
    cut: some(0.2),
    foreign: some(0.05),
    carried: some(0.05),
    buffered: rng.chance(0.3),
    impatient: rng.chance(0.2) ? rng.int(1500, 8000) : 0,
  }
}

async function trouble(world: TurmoilWorld): Promise<void> {
  const { rng, timeline, people, nodes } = world
  const pace = rng.pick([20, 100, 500])
  while (timeline.elapsed < TROUBLE) {
    await timeline.run(rng.int(1, pace))
    const person = rng.pick(people)
    person.host.run(() => (rng.chance(0.1) ? person.call() : person.publish()))
    if (rng.chance(0.02)) world.ask()
    if (rng.chance(0.01)) {
      world.faults = faultsOf(world)
      world.brokers.loss = world.faults.carried
    }
    if (rng.chance(0.01)) world.mayUpgrade = !world.mayUpgrade
    if (rng.chance(0.005)) world.cutSockets()
    const place = rng.int(0, 2)
    if (nodes[place]?.host.isDead) {
      if (rng.chance(0.02)) world.restart(place)
    } else if (rng.chance(0.003) && nodes.filter(({ host }) => !host.isDead).length > 1) world.crash(place)
  }
}

async function peace(world: TurmoilWorld): Promise<void> {
  world.faults = CALM
  world.brokers.loss = 0
  for (const [place, { host }] of world.nodes.entries()) if (host.isDead) world.restart(place)
  await world.timeline.run(PEACE)
}

/** What was promised and not kept. */
function broken(world: TurmoilWorld): string[] {
  const { people, stored, problems } = world
  const complaints = [...problems, ...world.garbled.map((name) => `garbled: ${name}`)]
  const twice = stored.filter((text, index) => stored.indexOf(text) !== index)
  if (twice.length > 0) complaints.push(`stored twice: ${twice}`)
  const endless = world.asks.filter(({ node, answer }) => !node.isDead && answer === undefined)
  if (endless.length > 0) complaints.push(`${endless.length} calls of nodes never ended`)
  for (const { name, heard, offsets, gaps, client, asked, settled, stored: mine, errors } of people) {
    if (heard.join() !== stored.slice((offsets[0] ?? 1) - 1).join())
      complaints.push(`${name} heard ${heard.length} of ${stored.length - (offsets[0] ?? 1) + 1}`)
    if (offsets.some((offset, index) => index > 0 && offset !== (offsets[index - 1] ?? 0) + 1))
      complaints.push(`${name} heard out of order: ${offsets}`)
    if (gaps.length > 0) complaints.push(`${name} was told of gaps: ${JSON.stringify(gaps)}`)
    if (asked !== settled) complaints.push(`${asked - settled} promises to ${name} never settled`)
    const lost = mine.filter((text) => !stored.includes(text))
    if (lost.length > 0) complaints.push(`acknowledged to ${name} and not stored: ${lost}`)
    const strange = errors.filter((kind) => !['timeout', 'connection-lost', 'unavailable'].includes(kind))
    if (strange.length > 0) complaints.push(`${name} was told ${strange}`)
    if (!['connected', 'degraded'].includes(client.state.name))
      complaints.push(`${name} is ${client.state.name}`)
  }
  return complaints
}

async function run(seed: number): Promise<TurmoilWorld> {
  const world = new TurmoilWorld(seed)
  world.faults = faultsOf(world)
  await trouble(world)
  await peace(world)
  return world
}

describe('[P8.3] [P8.4] [P8.5] [P8.6] [P8.8] whatever becomes of requests and nodes', {
  timeout: 600_000,
}, () => {
  it('nothing is lost, nothing comes twice, order is kept, and every promise settles', async () => {
    const seen = new Set<string>()
    for (let seed = FIRST; seed <= LAST; seed++) {
      const world = await run(seed)
      for (const { transports } of world.people) for (const name of transports) seen.add(name)
      expect(broken(world), `TURMOIL_SEED=${seed}`).toEqual([])
    }
    if (LAST > FIRST) expect([...seen].sort()).toEqual(['poll', 'stream', 'websocket'])
  })

  it('leaves nothing behind', async () => {
    const world = await run(FIRST)
    for (const { client } of world.people) client.close()
    await world.timeline.run(60_000)
    expect(world.nodes.map(({ hub, links }) => [hub.size, links.size])).toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
    ])
    const { requests } = world
    await world.timeline.run(3_600_000)
    expect(world.requests).toBe(requests)
  })
})
