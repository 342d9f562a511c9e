import { describe, expect, it } from 'vitest'
import { fromHex, latin1, toHex, utf8 } from './bytes.js'
import { fuzz, tryInput } from './fuzz.js'
import { readOptions, UsageError } from './options.js'
import { hold, type Target } from './target.js'
import { framesTarget } from './targets/frames.js'
import { allTargets } from './targets/index.js'

function target(run: Target['run']): Target {
  return {
    name: 'made-up',
    about: 'for tests',
    make: (random) => utf8(random.pick(['{}', '{"a":1}', '[1]'])),
    run,
  }
}

describe('the fuzzer', () => {
  it('finds what breaks an invariant and shows the smallest input', async () => {
    const noQuotes = target((input) => {
      hold(!/"[^"]/.test(latin1(input)), 'a quote')
      return 'fine'
    })
    const { finding } = await fuzz({ target: noQuotes, seed: 1, iterations: 2_000 })
    expect(finding?.problem).toBe('a quote')
    expect(finding?.input.byteLength).toBe(2)
  })

  it('takes any other throw for a finding', async () => {
    const fragile = target((input) => String(JSON.parse(latin1(input)) === 1))
    const { finding } = await fuzz({ target: fragile, seed: 1, iterations: 2_000 })
    expect(finding?.problem).toMatch(/^threw SyntaxError/)
    expect(finding?.input.byteLength).toBeLessThan(2)
  })

  it('finds an input that takes too long', async () => {
    const slow = target(() => {
      for (const end = performance.now() + 120; performance.now() < end; );
      return 'done'
    })
    expect(await tryInput(slow, utf8('x'))).toMatchObject({
      problem: expect.stringMatching(/1 octets takes \d+ ms/),
    })
  })

  it('finds memory that is kept', async () => {
    const kept: number[][] = []
    const greedy = target(() => {
      kept.push(new Array(40_000).fill(kept.length))
      return 'more'
    })
    const { finding } = await fuzz({ target: greedy, seed: 1, iterations: 2_000 })
    expect(finding?.problem).toMatch(/^the heap grew by \d+ MiB/)
  })

  it('gives the same inputs for the same seed, and others for another', async () => {
    const inputsOf = async (seed: number): Promise<string[]> => {
      const inputs: string[] = []
      const recorder = target((input) => {
        inputs.push(toHex(input))
        return String(input.byteLength)
      })
      await fuzz({ target: recorder, seed, iterations: 200 })
      return inputs
    }
    expect(await inputsOf(5)).toEqual(await inputsOf(5))
    expect(await inputsOf(5)).not.toEqual(await inputsOf(6))
  })

  it('keeps inputs that end in a new way and builds on them', async () => {
    const deep = target((input) => {
      const text = latin1(input)
      hold(!text.startsWith('AbC'), 'reached')
      return text.startsWith('Ab') ? 'two' : text.startsWith('A') ? 'one' : 'none'
    })
    const { finding, endings } = await fuzz({ target: deep, seed: 3, iterations: 400_000 })
    expect(finding?.problem).toBe('reached')
    expect(endings).toBe(3)
  })
})

describe('the oracle of the frame parser', () => {
  it.each([
    ['fragments', { maxFrame: 5_000, maxMessage: 8_000, maxFragments: 4 }],
    ['the length of a frame', { maxFrame: 200, maxMessage: 8_000, maxFragments: 12 }],
    ['the length of a message', { maxFrame: 5_000, maxMessage: 250, maxFragments: 12 }],
  ])('notices an engine that is wrong about %s', async (_what, limits) => {
    const { finding } = await fuzz({ target: framesTarget('server', limits), seed: 1, iterations: 5_000 })
    expect(finding?.problem).toMatch(/told .* expected .*failure 100[89]/)
  })
})

describe('the options', () => {
  it('default to ten seconds, every parser and a seed of its own', () => {
    expect(readOptions([], () => 42)).toMatchObject({
      seconds: 10,
      iterations: undefined,
      parsers: [],
      seed: 42,
    })
  })

  it('are refused with a reason when they make no sense', () => {
    for (const args of [['--seconds', 'x'], ['--seed', '-1'], ['--nope'], ['--replay', 'f'], ['stray']]) {
      expect(() => readOptions(args, () => 0), args.join(' ')).toThrow(UsageError)
    }
  })

  it('name parsers that differ', () => {
    const names = allTargets().map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(names.length).toBeGreaterThanOrEqual(13)
  })

  it('read hex with blanks, and nothing else', () => {
    expect(fromHex('00 fF\n')).toEqual(Uint8Array.of(0, 255))
    expect(() => fromHex('0')).toThrow(SyntaxError)
  })
})
