import { describe, expect, it } from 'vitest'
import { UsageError } from '../cli/arguments.js'
import { CASE_NAMES, CASES } from './cases.js'
import { amplificationHelp, parseAmplificationOptions } from './options.js'

describe('the command line of amplification', () => {
  it('attacks everything by default', () => {
    expect(parseAmplificationOptions([])).toEqual({
      ...{ help: false, json: false, jsonFile: undefined, writeDocs: false },
      plan: { cases: CASES, rounds: 3, seconds: 4 },
    })
  })

  it('leaves out what takes long when it should be quick, and takes what is named', () => {
    const { plan } = parseAmplificationOptions(['--quick'])
    expect([plan.rounds, plan.seconds]).toEqual([1, 1])
    expect(plan.cases.filter(({ lasts }) => lasts !== undefined)).toEqual([])
    expect(plan.cases.length).toBeGreaterThan(30)
    const args = '--case pings,past --case reads --rounds 2 --seconds 0.5'
    const { plan: some } = parseAmplificationOptions(args.split(' '))
    expect([...new Set(some.cases.map(({ name }) => name))]).toEqual(['past', 'pings', 'reads'])
    expect(some).toMatchObject({ rounds: 2, seconds: 0.5 })
  })

  it.each([
    [['--case', 'nothing'], '--case nothing: must be one of size, bytes'],
    [['--rounds', '0'], '--rounds 0: must be a whole number above 0 and at most 100'],
    [['--seconds', '61'], '--seconds 61'],
    [['stray'], 'stray'],
  ])('refuses %j', (args, message) => {
    expect(() => parseAmplificationOptions(args)).toThrow(UsageError)
    expect(() => parseAmplificationOptions(args)).toThrow(message)
  })

  it('explains itself', () => {
    for (const name of CASE_NAMES) expect(amplificationHelp()).toContain(name)
    expect(amplificationHelp()).toContain('docs/limits.md')
    expect(parseAmplificationOptions(['--help']).help).toBe(true)
  })
})

describe('the attacks', () => {
  it('are told apart by limit, what is done and for how long', () => {
    const titles = CASES.map(({ limit, does, pace }) => `${limit}, ${does}, ${pace}`)
    expect(new Set(titles).size).toBe(titles.length)
  })

  it('come from another address each time, where these are counted', () => {
    const ofAddress = CASES.filter(({ group }) => group === 'address')
    expect(ofAddress.length).toBeGreaterThan(4)
    for (const { options } of ofAddress)
      expect(JSON.stringify(options({ seconds: 1, address: '198.51.100.9' }))).toContain('198.51.100.9')
  })
})
