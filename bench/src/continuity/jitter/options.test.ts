import { describe, expect, it } from 'vitest'
import { UsageError } from '../../cli/arguments.js'
import { CONTINUITY_PEERS } from '../peers.js'
import { jitterHelp, parseJitterOptions } from './options.js'

describe('the command line of jitter', () => {
  it('is the published test by default', () => {
    expect(parseJitterOptions([])).toEqual({
      help: false,
      json: false,
      jsonFile: undefined,
      writeDocs: false,
      plan: {
        peers: CONTINUITY_PEERS,
        clients: 1000,
        messages: 120,
        interval: 1000,
        dropEvery: 15_000,
        outage: 1000,
        settling: 20_000,
      },
    })
  })

  it('reads seconds and counts', () => {
    const args = '--clients 20 --messages 30 --interval 0.1 --drop-every 2 --outage 0 --peer millrace'
    expect(parseJitterOptions(args.split(' ')).plan).toMatchObject({
      peers: ['millrace'],
      clients: 20,
      messages: 30,
      interval: 100,
      dropEvery: 2000,
      outage: 0,
    })
  })

  it('reads where to', () => {
    expect(parseJitterOptions(['--json', 'x.json', '--write-docs'])).toMatchObject({
      json: true,
      jsonFile: 'x.json',
      writeDocs: true,
    })
  })

  it.each([
    [['--peer', 'ws'], '--peer ws: must be one of millrace, socket.io, socket.io-recovery'],
    [['--clients', '0'], '--clients 0: must be a whole number above 0 and at most 100000'],
    [['--clients', '1.5'], '--clients 1.5'],
    [['--interval', '0'], '--interval 0: must be a number above 0 and at most 3600'],
    [['--outage', '-1'], '--outage'],
    [['--outage', 'x'], '--outage x: must be a number of at least 0 and at most 3600'],
    [['--outage='], '--outage'],
    [['--outage', '15'], '--outage must be shorter than --drop-every'],
    [['--quick'], '--quick'],
    [['stray'], 'stray'],
  ])('refuses %j', (args, message) => {
    expect(() => parseJitterOptions(args)).toThrow(UsageError)
    expect(() => parseJitterOptions(args)).toThrow(message)
  })

  it('explains itself', () => {
    for (const name of CONTINUITY_PEERS) expect(jitterHelp()).toContain(name)
    expect(parseJitterOptions(['--help']).help).toBe(true)
  })
})
