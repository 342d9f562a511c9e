import { describe, expect, it } from 'vitest'
import { UsageError } from '../../cli/arguments.js'
import { parseReconnectOptions, reconnectHelp } from './options.js'

describe('the command line of reconnect', () => {
  it('is the target by default', () => {
    expect(parseReconnectOptions([])).toEqual({
      help: false,
      json: false,
      jsonFile: undefined,
      writeDocs: false,
      plan: { clients: 5000, alone: 100, messages: 100, size: 100, outage: 2000, patience: 60_000 },
    })
  })

  it('reads seconds and counts', () => {
    const args = '--clients 20 --alone 3 --messages 30 --size 200 --outage 0.5 --json'
    expect(parseReconnectOptions(args.split(' '))).toMatchObject({
      json: true,
      jsonFile: undefined,
      plan: { clients: 20, alone: 3, messages: 30, size: 200, outage: 500 },
    })
  })

  it.each([
    [['--messages', '257'], '--messages 257: must be a whole number above 0 and at most 256'],
    [['--outage', '0'], '--outage 0: must be a number above 0'],
    [['--clients', 'many'], '--clients many'],
    [['--peer', 'millrace'], '--peer'],
    [['stray'], 'stray'],
  ])('refuses %j', (args, message) => {
    expect(() => parseReconnectOptions(args)).toThrow(UsageError)
    expect(() => parseReconnectOptions(args)).toThrow(message)
  })

  it('explains itself', () => {
    expect(reconnectHelp()).toContain('npm run bench -- reconnect')
    expect(parseReconnectOptions(['-h']).help).toBe(true)
  })
})
