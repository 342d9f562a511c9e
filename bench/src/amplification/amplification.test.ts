/** The benchmark of limits end to end, in small: real processes; what is asserted is what must be so however slow the machine is. */
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { beforeAll, describe, it } from 'vitest'
import { CASES, type Case } from './cases.js'
import { costOf } from './report.js'
import { measureCase } from './run.js'

const SERVER = fileURLToPath(new URL('../../temp/amplification-programs/server.mjs', import.meta.url))
const QUICK = { rounds: 1, seconds: 0.5 } as const

/** The server is built from what its packages are now: no build may be stale. */
beforeAll(async () => {
  await build({
    entryPoints: [fileURLToPath(new URL('../../../test/attacks/server.mjs', import.meta.url))],
    outfile: SERVER,
    bundle: true,
    ...{ platform: 'node', format: 'esm', conditions: ['millrace:source'] },
    // The server asks for packages of brokers by name only when they are needed.
    external: ['@millrace/store-lmdb', '@millrace/broker-redis'],
  })
})

function caseOf(name: string, pace: Case['pace']): Case {
  const found = CASES.find((one) => one.name === name && one.pace === pace)
  if (found === undefined) throw new Error(`There is no attack ${name}, ${pace}`)
  return found
}

describe.runIf(process.platform === 'linux').concurrent('in small', { timeout: 60_000 }, () => {
  it('pages of the past are far more than was sent for them', async ({ expect }) => {
    const sample = await measureCase(caseOf('past', 'at once'), QUICK, SERVER)
    const { sent, received, cpu, turn, memory } = costOf(sample)
    // 116 pages of 256 KiB at most.
    expect(received).toBeGreaterThan(116 * 2 ** 18 * 0.9)
    expect(received).toBeLessThan(116 * 2 ** 18 * 1.1)
    expect(sent).toBeGreaterThan(116 * 50)
    expect(sent).toBeLessThan(20_000)
    expect(cpu).toBeGreaterThan(10)
    expect(turn).toBeGreaterThan(0)
    expect(memory).toBeGreaterThan(0)
  })

  it('what is published to readers counts as what came back', async ({ expect }) => {
    const one = caseOf('fan-out', 'on and on')
    const sample = await measureCase(one, QUICK, SERVER)
    const [round] = sample.rounds
    expect(sample.rounds).toHaveLength(1)
    expect(round?.seconds).toBeGreaterThanOrEqual(0.5)
    // A hundred readers of about ninety publications.
    expect(round?.received).toBeGreaterThan(90 * 100 * 100)
    expect(round?.sent).toBeLessThan(95 * 200)
  })

  it('a flood is measured until it is ended', async ({ expect }) => {
    const sample = await measureCase(caseOf('pings', 'until ended'), QUICK, SERVER)
    const { sent, received } = costOf(sample)
    expect(sent).toBeGreaterThan(500 * 131)
    expect(received).toBeLessThan(sent)
  })

  it('an attack that goes otherwise than it should is a failure', async ({ expect }) => {
    const one = { ...caseOf('pings', 'until ended'), ends: ['1000'] }
    await expect(measureCase(one, QUICK, SERVER)).rejects.toThrow(/ended otherwise.*4006/)
    const messages = caseOf('messages', 'at once')
    const options = () => ({ ...messages.options({ seconds: 1, address: '' }), burst: 1100 })
    await expect(measureCase({ ...messages, options }, QUICK, SERVER)).rejects.toThrow(
      /not within its limits/,
    )
    const unknown = { ...one, attacker: 'nobody' }
    await expect(measureCase(unknown, QUICK, SERVER)).rejects.toThrow(/ended with exit code 1/)
  })
})
