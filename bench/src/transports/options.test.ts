import { describe, expect, it } from 'vitest'
import { UsageError } from '../cli/arguments.js'
import { contestantsOf, PEERS, TRANSPORTS } from './contestants.js'
import { parseTransportOptions, transportHelp } from './options.js'
import { CASES, totalSeconds } from './plan.js'

describe('the command line of transports', () => {
  it('is the published test by default, of all that have a transport', () => {
    expect(parseTransportOptions([])).toEqual({
      help: false,
      json: false,
      jsonFile: undefined,
      writeDocs: false,
      pin: true,
      plan: {
        contestants: [
          { peer: 'millrace', transport: 'websocket' },
          { peer: 'millrace', transport: 'stream' },
          { peer: 'millrace', transport: 'poll' },
          { peer: 'socket.io', transport: 'websocket' },
          { peer: 'socket.io', transport: 'poll' },
        ],
        load: { clients: 1000, rounds: 3, window: 8, warmUp: 5 },
        idle: { connections: 10_000, seconds: 30 },
      },
    })
  })

  it('takes less than twelve minutes, and quickly less than five', () => {
    expect(totalSeconds(parseTransportOptions([]).plan)).toBeLessThan(12 * 60)
    expect(totalSeconds(parseTransportOptions(['--quick']).plan)).toBeLessThan(5 * 60)
  })

  it('reads cases, peers and transports', () => {
    const { plan } = parseTransportOptions('--case idle --peer socket.io --transport poll,stream'.split(' '))
    expect(plan).toMatchObject({
      contestants: [{ peer: 'socket.io', transport: 'poll' }],
      load: undefined,
      idle: { connections: 10_000 },
    })
  })

  it('reads counts and seconds, which have the last word', () => {
    const args = '--quick --clients 5 --rounds 1 --seconds 2 --idle 7 --idle-seconds 0.5 --no-pin'
    expect(parseTransportOptions(args.split(' '))).toMatchObject({
      pin: false,
      plan: { load: { clients: 5, rounds: 1, window: 2 }, idle: { connections: 7, seconds: 0.5 } },
    })
  })

  it.each([
    [['--peer', 'uws'], '--peer uws: must be one of millrace, socket.io'],
    [['--transport', 'sse'], '--transport sse: must be one of websocket, stream, poll'],
    [['--case', 'memory'], '--case memory: must be one of load, idle'],
    [['--peer', 'socket.io', '--transport', 'stream'], 'socket.io has no stream'],
    [['--seconds', '0.5'], '--seconds 0.5: must be a whole number'],
    [['--idle', '0'], '--idle 0'],
    [['stray'], 'stray'],
  ])('refuses %j', (args, message) => {
    expect(() => parseTransportOptions(args)).toThrow(UsageError)
    expect(() => parseTransportOptions(args)).toThrow(message)
  })

  it('explains itself', () => {
    for (const name of [...PEERS, ...TRANSPORTS, ...CASES]) expect(transportHelp()).toContain(name)
    expect(parseTransportOptions(['--help']).help).toBe(true)
  })
})

it('nobody is measured by a transport it does not have', () => {
  expect(contestantsOf(['socket.io'], ['stream'])).toEqual([])
})
