import { describe, expect, it } from 'vitest'
import { PEER_NAMES } from '../harness/peers.js'
import { SCENARIOS } from '../plan/cases.js'
import { UsageError } from './arguments.js'
import { helpText, parseOptions } from './options.js'

describe('the command line', () => {
  it('measures everything by default', () => {
    expect(parseOptions([])).toEqual({
      help: false,
      json: false,
      jsonFile: undefined,
      quick: false,
      writeDocs: false,
      pin: true,
      scenarios: SCENARIOS,
      peers: PEER_NAMES,
      rounds: undefined,
      seconds: undefined,
    })
  })

  it.each([
    [['--json'], true, undefined],
    [['--json', 'out.json'], true, 'out.json'],
    [['--json=out.json'], true, 'out.json'],
    [['--json', '--quick'], true, undefined],
    [['--quick'], false, undefined],
  ])('reads %j', (args, json, jsonFile) => {
    expect(parseOptions(args)).toMatchObject({ json, jsonFile })
  })

  it('takes names one by one or with commas, in the order of the report', () => {
    expect(parseOptions(['--peer', 'uws,ws', '--peer', 'bun']).peers).toEqual(['ws', 'uws', 'bun'])
    expect(parseOptions(['--scenario', 'echo']).scenarios).toEqual(['echo'])
  })

  it('reads numbers', () => {
    expect(parseOptions(['--rounds', '5', '--seconds', '0.5'])).toMatchObject({ rounds: 5, seconds: 0.5 })
  })

  it.each([
    [['--peer', 'wss'], '--peer wss: must be one of millrace'],
    [['--scenario', 'fanout'], '--scenario fanout: must be one of fan-out'],
    [['--rounds', '1.5'], '--rounds 1.5: must be a whole number'],
    [['--rounds', '0'], '--rounds 0'],
    [['--seconds', 'x'], '--seconds x'],
    [['--fast'], '--fast'],
    [['stray'], 'stray'],
  ])('refuses %j', (args, message) => {
    expect(() => parseOptions(args)).toThrow(UsageError)
    expect(() => parseOptions(args)).toThrow(message)
  })

  it('explains itself', () => {
    for (const name of [...PEER_NAMES, ...SCENARIOS]) expect(helpText()).toContain(name)
  })
})
