/** The test of transports end to end, in small: real processes; what is asserted is what must be so however slow the machine is. */
import { beforeAll, describe, it } from 'vitest'
import { buildPrograms } from '../common/build-programs.js'
import { contestantsOf, PEERS, TRANSPORTS } from './contestants.js'
import { measureIdle } from './idle.js'
import { measureLoad } from './load.js'
import type { Stage } from './world.js'

const SOURCE = new URL('./', import.meta.url)
const UNPINNED = { server: [], generator: [], note: '' }
const ALL = contestantsOf(PEERS, TRANSPORTS)
const REQUESTS = ALL.filter(({ transport }) => transport !== 'websocket')
let stage: Stage

beforeAll(async () => {
  stage = { pinning: UNPINNED, programs: await buildPrograms(SOURCE, 'transports', ['clients/main.ts']) }
})

describe.runIf(process.platform === 'linux').concurrent('in small', { timeout: 120_000 }, () => {
  it.for(ALL)(
    '$peer: all get everything by $transport, once and in order',
    async (contestant, { expect }) => {
      const plan = { clients: 20, rounds: 1, window: 1, warmUp: 1 }
      const { samples, failures } = await measureLoad([contestant], plan, stage)
      expect(failures).toEqual([])
      expect(samples).toMatchObject([{ audience: 'own' }, { audience: 'shared' }])
      for (const { counts, lost, windows, latency } of samples) {
        // Of each channel two: one before the window, and one in it.
        expect(counts).toEqual({ expected: 40, delivered: 40, repeated: 0, disordered: 0, gaps: 0 })
        expect(lost).toEqual({})
        expect(latency?.count).toBe(40)
        const [window] = windows
        expect(window?.server.user).toBeGreaterThan(0)
        if (contestant.transport === 'poll') expect(window?.requests).toBeGreaterThan(0)
        if (contestant.transport === 'websocket') expect(window?.requests).toBe(0)
      }
    },
  )

  it.for(REQUESTS)(
    '$peer: idle connections by $transport are alive in the end',
    async (contestant, { expect }) => {
      const idle = await measureIdle(contestant, { connections: 100, seconds: 0.5 }, stage)
      expect(idle).toMatchObject({ ...contestant, lost: {}, unreached: 0 })
      expect(idle.after.heap).toBeGreaterThan(idle.before.heap)
      expect(idle.reachedWithin).toBeGreaterThan(0)
    },
  )
})
