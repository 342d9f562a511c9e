import { describe, expect, it } from 'vitest'
import { UsageError } from '../cli/arguments.js'
import { parseSlowOptions, slowHelp } from './options.js'
import { SLOW_PEERS } from './peers.js'

describe('the command line of slow-readers', () => {
  it('is the published test by default', () => {
    expect(parseSlowOptions([])).toEqual({
      help: false,
      json: false,
      jsonFile: undefined,
      writeDocs: false,
      plan: { peers: SLOW_PEERS, fast: 200, rate: 8000, slow: 40, calm: 10 },
    })
  })

  it('reads counts, kilobits and seconds', () => {
    const args = '--readers 5 --kbit 128 --seconds 2 --calm 0.5 --peer ws'
    expect(parseSlowOptions(args.split(' ')).plan).toEqual({
      peers: ['ws'],
      fast: 5,
      rate: 16_000,
      slow: 2,
      calm: 0.5,
    })
  })

  it('reads where to', () => {
    expect(parseSlowOptions(['--json', 'x.json', '--write-docs'])).toMatchObject({
      json: true,
      jsonFile: 'x.json',
      writeDocs: true,
    })
  })

  it.each([
    [['--peer', 'uws'], '--peer uws: must be one of millrace, ws, socket.io'],
    [['--readers', '0'], '--readers 0: must be a whole number above 0 and at most 10000'],
    [['--kbit', 'x'], '--kbit x'],
    [['--seconds', '0'], '--seconds 0'],
    [['stray'], 'stray'],
  ])('refuses %j', (args, message) => {
    expect(() => parseSlowOptions(args)).toThrow(UsageError)
    expect(() => parseSlowOptions(args)).toThrow(message)
  })

  it('explains itself', () => {
    for (const name of SLOW_PEERS) expect(slowHelp()).toContain(name)
    expect(parseSlowOptions(['--help']).help).toBe(true)
  })
})
