/** What is wrong, slow, or without an end: a minute of all of it at once. `ATTACK_SECONDS=600` makes it ten. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeCorpus } from '@millrace/fuzz/hostile-inputs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ATTEMPTS, type Attack, type Outcome, Scene } from './scene.js'

const SECONDS = Number(process.env['ATTACK_SECONDS'] ?? 60)
/** `ATTACK_SEED` makes it another one. */
const SEED = Number(process.env['ATTACK_SEED'] ?? 20_261_126)
const INPUTS = 20_000
const BUSY = 'chat:busy'

let folder = ''
let scene: Scene
let ends: Readonly<Record<string, number>>
let outcomes: Record<string, Outcome>

const outcome = (name: string): Outcome => outcomes[name] ?? { ends: {} }

beforeAll(
  async () => {
    folder = mkdtempSync(join(tmpdir(), 'attacks-'))
    const corpus = join(folder, 'corpus')
    writeCorpus(corpus, { seed: SEED, count: INPUTS })
    scene = await Scene.begin()
    // Something to ask for, again and again, without reading it.
    for (let n = 0; n < 200; n++) await scene.honest.clients[0]?.channel(BUSY).publish('x'.repeat(1000))
    const seconds = SECONDS
    const attacks: Attack[] = [
      ['fuzzed', { corpus, seconds, wires: 8 }],
      ['malformedHandshakes', { seconds, pace: 20 }],
      ['slowHandshakes', { seconds: Math.min(seconds, 40), count: 500 }],
      ['slowBodies', { seconds: Math.min(seconds, 50), count: 500 }],
      ['silent', { seconds: Math.min(seconds, 25), count: 1000 }],
      ['halfOpen', { seconds: 5, count: 200 }],
      ['neverReading', { seconds: Math.min(seconds, 40), count: 100, channel: BUSY }],
    ]
    const what = `${SECONDS} s of what is wrong or slow, seed ${SEED}`
    outcomes = await scene.under(what, attacks)
    ends = (await scene.facts()).ends
  },
  ATTEMPTS * (SECONDS * 1000 + 15_000) + 30_000,
)
afterAll(async () => {
  await scene?.end()
  rmSync(folder, { recursive: true, force: true })
})

describe('attackers who are wrong, or slow', () => {
  it('a fuzzer’s frames and commands: each ends by a code that may be sent, and none is taken for a fault of the server', () => {
    const { stays = 0, cut = 0, ...codes } = outcome('fuzzed').ends
    // RFC 6455 §7.4: what the attackers closed with is answered so.
    const strange = Object.keys(codes).filter(
      (code) => !/^(100[0-35]|100[7-9]|101[0-4]|[34]\d{3})$/.test(code),
    )
    expect(strange).toEqual([])
    for (const code of [1002, 1007, 4501]) expect(codes[code], String(code)).toBeGreaterThan(0)
    expect(stays + cut).toBeGreaterThan(0)
    expect(Number(outcome('fuzzed')['sent'])).toBeGreaterThan(50 * SECONDS)
  })

  it('malformed handshakes: each is answered as it should be', () => {
    expect(outcome('malformedHandshakes')['wrong']).toEqual({})
  })

  it('[H11.6] a byte of a head each second: 408 soon after ten seconds', () => {
    expect(outcome('slowHandshakes').ends).toEqual({ 408: 500 })
    expect(Number(outcome('slowHandshakes')['lastAfter'])).toBeLessThan(16)
  })

  it('[H11.6] a byte of a body each second: 408 soon after thirty seconds', () => {
    expect(outcome('slowBodies').ends).toEqual({ 408: 500 })
    expect(Number(outcome('slowBodies')['lastAfter'])).toBeLessThan(36)
  })

  it('[H11.6] sockets that say nothing are gone', () => {
    expect(outcome('silent').ends['stays']).toBeUndefined()
  })

  it('connections of which half is ended are ended whole', () => {
    expect(outcome('halfOpen').ends['stays']).toBeUndefined()
  })

  it('[P7.1] [H9.4] clients that read nothing are gone', () => {
    expect((ends['4001'] ?? 0) + (ends['4002'] ?? 0)).toBeGreaterThanOrEqual(100)
  })

  it('and nothing stays behind', { timeout: 60_000 }, () => scene.recovers())
})
