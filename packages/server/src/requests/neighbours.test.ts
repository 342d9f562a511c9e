import { describe, expect, it } from 'vitest'
import type { RequestAnswer } from '../hub/index.js'
import { FakeClock } from '../testing/index.js'
import { KnownNodes } from './known-nodes.js'
import { Neighbours } from './neighbours.js'

const GONE: RequestAnswer = { status: 410, body: '' }
const WELL: RequestAnswer = { status: 200, body: 'well' }
const never = new Promise<RequestAnswer>(() => {})

function neighbours() {
  const clock = new FakeClock()
  const silent = new Set<string>()
  const asked: string[] = []
  const all = new Neighbours({
    clock,
    ask(node, within) {
      asked.push(node)
      if (!silent.has(node)) return Promise.resolve(true)
      return new Promise((_, reject) => void clock.schedule(within, () => reject(new Error('silent'))))
    },
  })
  const wait = (node: string, answer: Promise<RequestAnswer>) => {
    const got: { answer?: RequestAnswer; at?: number } = {}
    const since = clock.now()
    void all.wait(node, answer, GONE).then((said) => {
      got.answer = said
      got.at = clock.now() - since
    })
    return got
  }
  return { clock, silent, asked, all, wait }
}

describe('[P8.5] who waits for another node', () => {
  it('has its answer, and the node is not asked when that comes soon', async () => {
    const { clock, asked, wait } = neighbours()
    const got = wait('a', Promise.resolve(WELL))
    await clock.advance(60_000)
    expect([got, asked, clock.pending]).toEqual([{ answer: WELL, at: 0 }, [], 0])
  })

  it('waits as long as the node is there', async () => {
    const { clock, asked, wait } = neighbours()
    const got = wait('a', never)
    await clock.advance(60_000)
    expect(got).toEqual({})
    expect(asked.length).toBeGreaterThan(25)
  })

  it('is told when the node is silent twice in a row, within six seconds', async () => {
    const { clock, silent, wait } = neighbours()
    const [here, there] = [wait('a', never), wait('b', never)]
    await clock.advance(7000)
    silent.add('a')
    await clock.advance(1500)
    const late = wait('a', never)
    await clock.advance(6000)
    expect(here.answer).toBe(GONE)
    expect(late).toEqual({ answer: GONE, at: expect.any(Number) })
    expect(late.at).toBeLessThan(6000)
    expect(there).toEqual({})
  })

  it('is not told of a silence that another word ends', async () => {
    const { clock, silent, wait } = neighbours()
    const got = wait('a', never)
    for (let turn = 0; turn < 10; turn++) {
      silent.add('a')
      await clock.advance(2500)
      silent.delete('a')
      await clock.advance(2500)
    }
    expect(got).toEqual({})
  })

  it('is told at once what is said instead, and then nobody is asked any more', async () => {
    const { clock, asked, all, wait } = neighbours()
    const waiting = [wait('a', never), wait('a', never), wait('b', never)]
    await clock.advance(100)
    all.release(WELL)
    await clock.advance(10_000)
    expect(waiting).toEqual(Array(3).fill({ answer: WELL, at: 100 }))
    expect([asked, clock.pending]).toEqual([[], 0])
    const again = wait('a', never)
    await clock.advance(2500)
    expect([again, asked]).toEqual([{}, ['a']])
  })
})

describe('[P8.5] the names of nodes', () => {
  function known() {
    const clock = new FakeClock()
    const world = { names: ['a'], asked: 0, fails: false }
    const nodes = new KnownNodes({
      clock,
      async nodes() {
        world.asked++
        if (world.fails) throw new Error('away')
        return world.names
      },
    })
    return { clock, nodes, world }
  }

  it('are asked once by all who ask at once, and remembered for two seconds', async () => {
    const { clock, nodes, world } = known()
    expect(await Promise.all([nodes.has('a'), nodes.has('b'), nodes.has('a')])).toEqual([true, false, true])
    expect(world.asked).toBe(1)
    await clock.advance(1999)
    expect(nodes.has('a')).toBe(true)
    await clock.advance(1)
    world.names = ['b']
    expect(await nodes.has('a')).toBe(false)
    expect(nodes.has('b')).toBe(true)
    expect(world.asked).toBe(2)
  })

  it('that are not known are asked again, twice a second at most', async () => {
    const { clock, nodes, world } = known()
    await nodes.has('x')
    world.names = ['x']
    const soon = nodes.has('x')
    await clock.advance(499)
    expect(world.asked).toBe(1)
    await clock.advance(1)
    expect(await soon).toBe(true)
  })

  it('are not believed to be gone because the broker is away', async () => {
    const { clock, nodes, world } = known()
    world.fails = true
    await expect(nodes.has('a')).rejects.toThrow('away')
    await clock.advance(500)
    world.fails = false
    expect(await nodes.has('a')).toBe(true)
  })
})
