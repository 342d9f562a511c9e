import { describe, expect, it } from 'vitest'
import { FakeClock, settle } from '../../test/clock.js'
import { ears, FakeWay } from '../../test/ways.js'
import { Candidate } from './candidate.js'

function candidate(throws?: Error) {
  const clock = new FakeClock()
  const way = new FakeWay('websocket')
  way.throws = throws
  const log: string[] = []
  const made = new Candidate({
    ...{ clock, transport: way, protocol: 'millrace.json', within: 4000 },
    ping: (protocol) => `ping ${protocol}`,
    works: () => log.push('works'),
    fails: () => log.push('fails'),
  })
  return { clock, way, log, candidate: made }
}

describe('[P8.8] [P7.3] a connection that is tried beside the one in use', () => {
  it('says one ping, and works when anything comes back', async () => {
    const { clock, way, log } = candidate()
    await clock.advance(3000)
    await way.link.open('millrace.json')
    expect(way.link.sent).toEqual(['ping millrace.json'])
    await way.link.frame()
    await way.link.frame()
    await clock.advance(60_000)
    expect([log, clock.waiting]).toEqual([['works'], 0])
  })

  it.each([
    ['does not open', async () => {}],
    ['brings nothing', (way: FakeWay) => way.link.open()],
  ])('fails when it %s in time, and is closed', async (_, happens) => {
    const { clock, way, log } = candidate()
    await happens(way)
    await clock.advance(3999)
    expect(log).toEqual([])
    await clock.advance(1)
    expect([log, way.link.closed?.code, clock.waiting]).toEqual([['fails'], 3000, 0])
    await way.link.frame()
    await way.link.drop()
    expect(log).toEqual(['fails'])
  })

  it('fails when it breaks, also after it worked', async () => {
    for (const works of [false, true]) {
      const { clock, way, log } = candidate()
      await way.link.open()
      if (works) await way.link.frame()
      await way.link.drop(1006)
      expect([log.at(-1), clock.waiting]).toEqual(['fails', 0])
    }
  })

  it('fails when it cannot even be tried, but not within that call', async () => {
    const { log, clock } = candidate(new Error('The policy of the page forbids it'))
    expect(log).toEqual([])
    await settle()
    expect([log, clock.waiting]).toEqual([['fails'], 0])
  })

  it('is dropped once, and tells nothing after that', async () => {
    const { clock, way, log, candidate: made } = candidate()
    made.drop()
    made.drop()
    await way.link.works()
    await way.link.drop()
    await clock.advance(60_000)
    expect([log, way.link.sent, way.link.closed?.code]).toEqual([[], [], 3000])
  })

  it('goes over to who takes it as if it had just been opened', async () => {
    const { way, log, candidate: made, clock } = candidate()
    await way.link.open('millrace.json')
    await way.link.frame()
    const { told, events } = ears()
    const link = made.take(events)
    expect(told.log).toEqual([])
    await settle()
    link.send('connect')
    await way.link.frame('connected')
    await way.link.drop(4000, 'Bye')
    expect(told.log).toEqual(['opened millrace.json', 'connected', 'closed 4000 Bye'])
    expect([log, way.link.sent.at(-1), clock.waiting]).toEqual([['works'], 'connect', 0])
  })

  it('tells who takes it that it was over before', async () => {
    const { way, candidate: made } = candidate()
    await way.link.works()
    await way.link.drop(4003)
    const { told, events } = ears()
    made.take(events)
    await settle()
    expect(told.log).toEqual(['closed 1006 It was over before it was used'])
  })
})
