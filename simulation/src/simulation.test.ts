import { describe, expect, it } from 'vitest'
import { readOptions, UsageError } from './options.js'
import { Rng } from './rng.js'
import { runSeed } from './run.js'
import { tallyOf } from './tally.js'
import { Timeline } from './timeline.js'
import { printTrace } from './trace.js'

describe('a world', { timeout: 120_000 }, () => {
  it('keeps every promise, whatever goes wrong', async () => {
    for (let seed = 1; seed <= 60; seed++) {
      const { broken } = await runSeed(seed)
      expect(broken, `npm run simulate -- --seed ${seed}`).toEqual([])
    }
  })

  it('happens again in every detail', async () => {
    const [one, two] = [await runSeed(7), await runSeed(7)]
    const heard = ({ world }: typeof one) =>
      world.people.map(({ readers, attempts }) => [[...readers.values()], attempts])
    expect(heard(one)).toEqual(heard(two))
    expect(printTrace(one)).toBe(printTrace(two))
    expect(printTrace(one)).toContain('every promise was kept')
    const { published, acknowledged, delivered, recovered } = tallyOf(one)
    for (const count of [published, acknowledged, delivered, recovered]) expect(count).toBeGreaterThan(0)
  })
})

describe('virtual time', () => {
  it('runs tasks in order of time, then of asking, and none that was taken back', async () => {
    const timeline = new Timeline()
    const ran: string[] = []
    const note = (what: string) => () => void ran.push(`${what} ${timeline.elapsed}`)
    timeline.schedule(20, note('c'))
    timeline.schedule(10, note('a'))
    timeline.schedule(10, () => {
      note('b')()
      timeline.schedule(0, note('b2'))
      void Promise.resolve().then(note('promise'))
    })
    const cancel = timeline.schedule(15, note('never'))
    cancel()
    timeline.schedule(31, note('later'))
    await timeline.run(30)
    expect(ran).toEqual(['a 10', 'b 10', 'promise 10', 'b2 10', 'c 20'])
    expect(timeline.elapsed).toBe(30)
  })
})

describe('randomness', () => {
  it('is the same for the same seed, and even enough', () => {
    const draw = (seed: number) => {
      const rng = new Rng(seed)
      return Array.from({ length: 10_000 }, () => rng.int(1, 10))
    }
    expect(draw(5)).toEqual(draw(5))
    expect(draw(5)).not.toEqual(draw(6))
    for (let value = 1; value <= 10; value++) {
      const share = draw(5).filter((one) => one === value).length
      expect(share).toBeGreaterThan(850)
      expect(share).toBeLessThan(1150)
    }
  })
})

describe('the command', () => {
  it('has defaults, and reads its options', () => {
    expect(readOptions([])).toMatchObject({ seeds: 1000, from: 1, seed: undefined, bail: false, json: false })
    expect(readOptions(['--seed', '9', '--jobs', '1', '--json'])).toMatchObject({
      seed: 9,
      jobs: 1,
      json: true,
    })
  })

  it.each([
    [['--seeds', '0'], '--seeds is a whole number of at least 1, not 0'],
    [['--from', 'x'], '--from is a whole number of at least 1, not x'],
    [['--sedes', '1'], "Unknown option '--sedes'"],
  ])('refuses %j, saying why', (args, message) => {
    expect(() => readOptions(args)).toThrow(UsageError)
    expect(() => readOptions(args)).toThrow(message)
  })
})
