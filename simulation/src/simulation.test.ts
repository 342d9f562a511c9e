import { describe, expect, it } from 'vitest'
import { readOptions, UsageError } from './options.js'
import { runSeed } from './run.js'
import { tallyOf } from './tally.js'
import { printTrace } from './trace.js'

describe('a world', { timeout: 120_000 }, () => {
  it('keeps every promise, whatever goes wrong', async () => {
    const transports = new Set<string>()
    let switches = 0
    for (let seed = 1; seed <= 60; seed++) {
      const outcome = await runSeed(seed)
      expect(outcome.broken, `npm run simulate -- --seed ${seed}`).toEqual([])
      for (const person of outcome.world.people) for (const name of person.transports) transports.add(name)
      switches += tallyOf(outcome).switches
    }
    expect([...transports].sort()).toEqual(['poll', 'stream', 'websocket'])
    expect(switches).toBeGreaterThan(60)
  })

  it('happens again in every detail', async () => {
    // Somebody in it comes by requests.
    const [one, two] = [await runSeed(6), await runSeed(6)]
    const heard = ({ world }: typeof one) =>
      world.people.map(({ readers, attempts }) => [[...readers.values()], attempts])
    expect(heard(one)).toEqual(heard(two))
    expect(one.world.transcripts.ofClients.length).toBeGreaterThan(0)
    expect(one.world.transcripts).toEqual(two.world.transcripts)
    expect(printTrace(one)).toBe(printTrace(two))
    expect(printTrace(one)).toContain('every promise was kept')
    const { published, acknowledged, delivered, recovered } = tallyOf(one)
    for (const count of [published, acknowledged, delivered, recovered]) expect(count).toBeGreaterThan(0)
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
