import { channel, defineApi, json, type Member } from '@millrace/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { MemoryBroker } from '../broker/index.js'
import { FakeClock, settle, TestClient, testHub } from '../testing/index.js'
import type { BrokerListener, PresenceChange } from './broker-ports.js'
import { Roster } from './roster.js'

const member = (session: string, data: unknown = null): Member => ({
  session,
  since: 1,
  data: { codec: 'json', text: JSON.stringify(data) },
})
const said = ({
  changes,
}: {
  readonly changes: readonly { change: PresenceChange; member: Member }[]
}): string[] => changes.map(({ change, member: { session } }) => `${change} ${session}`)

describe('a roster', () => {
  it('[H4.8] finds what the live feed lost', async () => {
    const roster = new Roster()
    expect(said(await roster.compare(async () => [member('a'), member('b'), member('c')]))).toEqual([])
    expect(roster.take('joined', member('d'))).toBe(true)
    const now = [member('b', 'new'), member('c'), member('d'), member('e')]
    expect(said(await roster.compare(async () => now))).toEqual(['departed a', 'updated b', 'joined e'])
    expect(said(await roster.compare(async () => now))).toEqual([])
  })

  it('[H4.8] takes what is said twice once', async () => {
    const roster = new Roster()
    await roster.compare(async () => [member('a')])
    expect(roster.take('joined', member('a'))).toBe(false)
    expect(roster.take('updated', member('a', 1))).toBe(true)
    expect(roster.take('updated', member('a', 1))).toBe(false)
    expect(roster.take('departed', member('a'))).toBe(true)
    expect(roster.take('departed', member('a'))).toBe(false)
  })

  it('[H4.8] what comes while the store is asked is newer than its answer', async () => {
    const roster = new Roster()
    await roster.compare(async () => [member('a'), member('b')])
    const compared = await roster.compare(async () => {
      const now = [member('a'), member('b'), member('c')]
      roster.take('departed', member('a'))
      roster.take('joined', member('d'))
      return now
    })
    expect(said(compared)).toEqual(['joined c'])
    expect(said(await roster.compare(async () => []))).toEqual(['departed b', 'departed c', 'departed d'])
  })

  it('[H4.8] is as before when the store does not answer', async () => {
    const roster = new Roster()
    await roster.compare(async () => [member('a')])
    await expect(roster.compare(() => Promise.reject(new Error('away')))).rejects.toThrow('away')
    expect(said(await roster.compare(async () => [member('a')]))).toEqual([])
  })

  it('[H4.8] ends up where the store is, whatever is lost', async () => {
    const step = fc.record({
      session: fc.constantFrom('a', 'b', 'c'),
      data: fc.nat(1),
      there: fc.boolean(),
      isLost: fc.boolean(),
      compares: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step), async (steps) => {
        const screen = new Screen()
        await screen.compare()
        for (const { session, data, there, isLost, compares } of steps) {
          screen.happen(member(session, data), there, isLost)
          if (compares) await screen.compare()
        }
        await screen.compare()
        expect(screen.shown).toEqual(screen.store)
      }),
    )
  })
})

/** A store, and what somebody is shown of it by way of a roster. */
class Screen {
  readonly store = new Map<string, Member>()
  readonly shown = new Map<string, Member>()
  readonly #roster = new Roster()

  async compare(): Promise<void> {
    const { changes } = await this.#roster.compare(async () => [...this.store.values()])
    for (const { change, member: one } of changes) this.#show(change, one)
  }

  /** Somebody comes, changes or goes, and the news of it is lost, or not. */
  happen(one: Member, there: boolean, isLost: boolean): void {
    const was = this.store.delete(one.session)
    if (there) this.store.set(one.session, one)
    else if (!was) return
    const change = there ? (was ? 'updated' : 'joined') : 'departed'
    if (!isLost && this.#roster.take(change, one)) this.#show(change, one)
  }

  #show(change: PresenceChange, one: Member): void {
    if (change === 'departed') expect(this.shown.delete(one.session)).toBe(true)
    else this.shown.set(one.session, one)
  }
}

const api = defineApi({
  channels: { 'room:{id}': channel({ message: z.string(), presence: z.string() }) },
  calls: {},
})

/** A broker whose live feed can lose what it says of members. */
class LossyBroker extends MemoryBroker {
  override readonly exact = false
  isLosing = false
  listener: BrokerListener | undefined
  override start(listener: BrokerListener): Promise<void> {
    this.listener = listener
    return super.start({
      publication: (...args) => listener.publication(...args),
      ephemeral: (...args) => listener.ephemeral(...args),
      interrupted: () => listener.interrupted(),
      presence: (...args) => {
        if (!this.isLosing) listener.presence(...args)
      },
    })
  }
}

async function scene() {
  const clock = new FakeClock()
  const broker = new LossyBroker({ clock, epoch: 'epoch-1' })
  const { hub } = testHub({ api, clock, broker })
  await settle()
  const [watcher, other] = [new TestClient(hub), new TestClient(hub)]
  for (const client of [watcher, other]) await client.connect()
  await watcher.ask('subscribe', { channel: 'room:1', presence: true })
  const told = () =>
    watcher.messages
      .map(({ kind }) => kind)
      .filter((kind) => ['joined', 'updated', 'departed'].includes(kind))
  return { hub, clock, broker, watcher, other, told }
}

describe('presence over a live feed that loses something', () => {
  it('[H4.8] is put right within ten seconds, and at once after an interruption', async () => {
    const { clock, broker, watcher, other, told } = await scene()
    broker.isLosing = true
    await other.ask('subscribe', { channel: 'room:1', data: json('here') })
    expect(told()).toEqual([])
    await clock.advance(10_000)
    expect(told()).toEqual(['joined'])
    expect(watcher.of('joined')).toMatchObject([{ channel: 'room:1', member: { session: other.session.id } }])
    await other.ask('enter', { channel: 'room:1', data: json('there') })
    broker.listener?.interrupted()
    await settle()
    expect(told()).toEqual(['joined', 'updated'])
    await other.ask('leave', { channel: 'room:1' })
    broker.isLosing = false
    broker.listener?.interrupted()
    await settle()
    expect(told()).toEqual(['joined', 'updated', 'departed'])
    await clock.advance(100)
    expect(told()).toHaveLength(3)
  })

  it('[H4.8] what is said of it before anything is known is passed on', () => {
    expect(new Roster().take('departed', member('a'))).toBe(true)
  })

  it('[H4.8] who comes to watch later sees what those before were not told, and they see it then', async () => {
    const { clock, broker, other, told } = await scene()
    broker.isLosing = true
    await other.ask('subscribe', { channel: 'room:1', presence: true, data: json('here') })
    expect(told()).toEqual(['joined'])
    await other.ask('leave', { channel: 'room:1' })
    broker.isLosing = false
    await other.ask('enter', { channel: 'room:1', data: json('here') })
    await clock.advance(10_000)
    expect(told()).toEqual(['joined'])
  })

  it('[H4.8] what came before it was counted who is there is not told after that', async () => {
    const { hub, broker, other } = await scene()
    await other.ask('subscribe', { channel: 'room:1', data: json('here') })
    const late = new TestClient(hub)
    await late.connect()
    const enter = broker.enter.bind(broker)
    let go = (): void => {}
    broker.enter = (...args) =>
      new Promise((resolve) => {
        go = () => resolve(enter(...args))
      })
    late.say('subscribe', { channel: 'room:1', presence: true, data: json('late') })
    await settle()
    // It is late as well, and about another time.
    broker.listener?.presence('room:1', 'departed', {
      session: other.session.id,
      since: 1,
      data: json('here'),
    })
    go()
    await settle()
    const [subscribed] = late.of('subscribed')
    expect(subscribed?.members?.map(({ session }) => session)).toContain(other.session.id)
    expect(late.of('departed')).toEqual([])
  })

  it('[H4.8] waits for a store that is away', async () => {
    const { clock, broker, other, told } = await scene()
    broker.isLosing = true
    await other.ask('subscribe', { channel: 'room:1', data: json('here') })
    const { members } = broker
    broker.members = () => Promise.reject(new Error('away'))
    broker.listener?.interrupted()
    await settle()
    expect(told()).toEqual([])
    broker.members = members
    await clock.advance(10_000)
    expect(told()).toEqual(['joined'])
  })
})
