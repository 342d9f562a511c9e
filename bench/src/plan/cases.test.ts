import { describe, expect, it } from 'vitest'
import { PEER_NAMES } from '../harness/peers.js'
import { connectionsOf, contestsOf, estimate, makePlan, type PlanRequest, SCENARIOS } from './cases.js'

const everything: PlanRequest = {
  quick: false,
  scenarios: SCENARIOS,
  peers: PEER_NAMES,
  maxConnections: Number.POSITIVE_INFINITY,
}

describe('the plan', () => {
  it('lets peers take turns within each case', () => {
    const { groups } = makePlan({ ...everything, scenarios: ['fan-out'] })
    const thousands = groups.filter((group) => group.scenario === 'fan-out' && group.subscribers === 1000)
    expect(thousands.map((group) => group.peer)).toEqual(PEER_NAMES)
    expect(groups.map(connectionsOf)).toEqual([...groups.map(connectionsOf)].sort((a, b) => a - b))
  })

  it('measures together what is compared, and alone what is not', () => {
    const contests = contestsOf(makePlan(everything))
    const thousand = contests.find(([group]) => group?.scenario === 'fan-out' && group.subscribers === 1000)
    expect(thousand?.map((group) => group.peer)).toEqual(PEER_NAMES)
    const idle = contests.filter(([group]) => group?.scenario === 'idle-channels')
    expect(idle.map((groups) => groups.length)).toEqual([2])
    const alone = contests.filter(([group]) => group?.scenario === 'memory' || group?.scenario === 'connect')
    expect(new Set(alone.map((groups) => groups.length))).toEqual(new Set([1]))
    expect(contests.flat()).toEqual(makePlan(everything).groups)
  })

  it('holds the whole matrix of fan-out', () => {
    const [group] = makePlan({ ...everything, scenarios: ['fan-out'], peers: ['ws'] }).groups
    expect(group).toMatchObject({
      runs: [16, 100, 4096].flatMap((size) => [
        { size, outstanding: 1 },
        { size, outstanding: 16 },
      ]),
    })
  })

  it('holds what every target needs, quick or not', () => {
    for (const quick of [true, false]) {
      const cases = makePlan({ ...everything, quick }).groups.map(
        (group) => `${group.peer} ${group.scenario} ${connectionsOf(group)}`,
      )
      expect(cases).toEqual(
        expect.arrayContaining([
          ...['ws', 'socket.io', 'uws', 'millrace'].map((peer) => `${peer} fan-out 1001`),
          'millrace fan-out 101',
          'millrace fan-out 10001',
          'engine echo 100',
          'ws echo 100',
          'engine memory 10200',
          'millrace memory 10200',
          'millrace idle-channels 1001',
        ]),
      )
    }
  })

  it('leaves out what was not asked for and what the machine cannot hold', () => {
    const plan = makePlan({ ...everything, peers: ['ws'], maxConnections: 5000 })
    expect(new Set(plan.groups.map((group) => group.peer))).toEqual(new Set(['ws']))
    expect(Math.max(...plan.groups.map(connectionsOf))).toBeLessThanOrEqual(5000)
  })

  it('is as long as it is asked to be', () => {
    const short = makePlan({ ...everything, rounds: 1, seconds: 0.1 })
    expect(short).toMatchObject({ rounds: 1, seconds: 0.1 })
    expect(estimate(short)).toBeLessThan(estimate(makePlan(everything)))
    // The quick matrix promises about eight minutes.
    expect(estimate(makePlan({ ...everything, quick: true }))).toBeLessThan(8.5 * 60)
  })
})
