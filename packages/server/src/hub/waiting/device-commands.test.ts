import { json } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { api, names, type TestNode, World, watch } from '../../../test/devices-world.js'
import type { CommandRequest } from '../device-commands.js'

const OPEN = { method: 'valve.set', request: { open: true } } as const

/** Asks for the pump, and follows how it ends. */
function command({ hub }: TestNode, more: Partial<CommandRequest> = {}) {
  const accepted = hub.commands.ask('pump', { ...OPEN, ...more })
  return { stored: watch(accepted), end: watch(accepted.then(({ answer }) => answer)) }
}

async function world(...nodeNames: readonly string[]) {
  const w = new World()
  return { w, nodes: await w.nodes(...nodeNames) }
}

describe('a call that waits', () => {
  it('[H5.6] [P5.16] [P5.18] is stored, carried out when its device is there, under its id, and answered', async () => {
    const { w, nodes } = await world('a', 'b')
    const [a, b] = nodes as [TestNode, TestNode]
    const { stored, end } = command(a, { id: 'k-1' })
    await w.pass(0)
    expect([stored.value?.id, end]).toEqual(['k-1', {}])
    await w.pass(600_000)
    const device = await w.client(b, 'pump')
    expect(device.of('call')).toEqual([
      { call: 'k-1', method: 'valve.set', timeout: 5000, data: json({ open: true }) },
    ])
    await w.answer(device, 'opened')
    expect(end).toEqual({ value: 'opened' })
    expect(await a.hub.commands.list('pump')).toEqual([])
    expect(w.problems).toEqual([])
  })

  it('is carried out at once where the device is there', async () => {
    const { w, nodes } = await world('a')
    const [a] = nodes as [TestNode]
    const device = await w.client(a, 'pump')
    const { end } = command(a)
    await w.pass(0)
    await w.answer(device, 'opened')
    expect(end).toEqual({ value: 'opened' })
  })

  it('[H5.6] ends with the device’s error, once, and with what is wrong with its answer', async () => {
    const { w, nodes } = await world('a')
    const [a] = nodes as [TestNode]
    const device = await w.client(a, 'pump')
    const failing = command(a, { id: 'k-1' })
    await w.pass(0)
    device.say('answer', { call: 'k-1', error: { code: 118, message: 'It is stuck' } })
    await w.pass(60_000)
    expect(failing.end.error).toMatchObject({ kind: 'application-error', message: 'It is stuck' })
    expect(names(device)).toEqual(['k-1'])
    const odd = command(a)
    await w.pass(0)
    await w.answer(device, 5)
    expect(odd.end.error).toMatchObject({ kind: 'invalid-payload' })
  })

  it('[H5.9] [P5.16] expires when nobody has taken it, to the millisecond, and is not carried out later', async () => {
    const { w, nodes } = await world('a', 'b')
    const [a, b] = nodes as [TestNode, TestNode]
    const { end } = command(a, { ttl: 60_000, id: 'k-1' })
    await w.pass(59_999)
    expect(end).toEqual({})
    await w.pass(1)
    expect(end.error).toMatchObject({ kind: 'expired', retry: 'never' })
    const device = await w.client(b, 'pump')
    expect(names(device)).toEqual([])
    const again = command(b, { id: 'k-1' })
    await w.pass(0)
    expect(again.end.error).toMatchObject({ kind: 'expired' })
  })

  it('[H5.9] that nobody looked after when it expired is not carried out either', async () => {
    const { w, nodes } = await world('a', 'b')
    const [a, b] = nodes as [TestNode, TestNode]
    command(a, { ttl: 60_000 })
    await w.pass(0)
    await w.kill(a)
    await w.pass(70_000)
    const device = await w.client(b, 'pump')
    await w.pass(1000)
    expect(names(device)).toEqual([])
    expect(await b.hub.commands.list('pump')).toEqual([])
  })

  it('[H5.9] whose device is connected and does not answer ends with timeout', async () => {
    const { w, nodes } = await world('a')
    const [a] = nodes as [TestNode]
    const device = await w.client(a, 'pump')
    const { end } = command(a)
    await w.pass(19_999)
    expect(end).toEqual({})
    await w.pass(1)
    expect(end.error).toMatchObject({ kind: 'timeout', message: "No answer to 'valve.set' within 5000 ms" })
    expect(names(device)).toHaveLength(1)
  })
})

describe('[H5.9] a device that goes away in the middle of a command', () => {
  it('gets it again under its name, on whichever node it comes back, and what it says there counts', async () => {
    const { w, nodes } = await world('a', 'b', 'c')
    const [a, b, c] = nodes as [TestNode, TestNode, TestNode]
    const first = await w.client(b, 'pump')
    const { end } = command(a, { id: 'k-1' })
    await w.pass(0)
    expect(names(first)).toEqual(['k-1'])
    await w.cut(first)
    await w.pass(60_000)
    const second = await w.client(c, 'pump')
    expect(names(second)).toEqual(['k-1'])
    await w.answer(second, 'opened')
    expect(end).toEqual({ value: 'opened' })
  })

  it('is not waited for longer than the command’s time; then it is not known what became of it', async () => {
    const { w, nodes } = await world('a', 'b')
    const [a, b] = nodes as [TestNode, TestNode]
    const device = await w.client(b, 'pump')
    const { end } = command(a, { ttl: 30_000 })
    await w.pass(1000)
    await w.cut(device)
    await w.pass(29_000)
    await w.pass(1000)
    expect(end.error).toMatchObject({ kind: 'connection-lost' })
    expect(names(await w.client(b, 'pump'))).toEqual([])
  })

  it('with its node: another node takes it when it is clear that that one is gone', async () => {
    const { w, nodes } = await world('a', 'b', 'c')
    const [a, b, c] = nodes as [TestNode, TestNode, TestNode]
    await w.client(b, 'pump')
    const { end } = command(a, { id: 'k-1' })
    await w.pass(0)
    await w.kill(b)
    const device = await w.client(c, 'pump')
    await w.pass(11_000)
    expect(names(device)).toEqual([])
    await w.pass(9_000)
    expect(names(device)).toEqual(['k-1'])
    await w.answer(device, 'opened')
    expect(end).toEqual({ value: 'opened' })
  })

  it('with its node, which comes back under its name: it knows that it is not at it any more', async () => {
    const { w, nodes } = await world('a', 'b')
    const [a, b] = nodes as [TestNode, TestNode]
    await w.client(b, 'pump')
    const { end } = command(a, { id: 'k-1' })
    await w.pass(0)
    await w.kill(b)
    const again = await w.node('b')
    const device = await w.client(again, 'pump')
    expect(names(device)).toEqual(['k-1'])
    await w.answer(device, 'opened')
    expect(end).toEqual({ value: 'opened' })
  })

  it('without a word: its connection is given up first, and the command is for the next', async () => {
    const { w, nodes } = await world('a')
    const [a] = nodes as [TestNode]
    const device = await w.client(a, 'pump')
    w.clients.delete(device)
    const { end } = command(a, { id: 'k-1' })
    await w.pass(16_000)
    expect(device.closed?.code).toBe(4002)
    const next = await w.client(a, 'pump')
    await w.answer(next, 'opened', 'k-1')
    expect(end).toEqual({ value: 'opened' })
  })

  it('while its node cannot reach the broker: what that node says late does not undo what another does', async () => {
    const { w, nodes } = await world('a', 'b', 'c')
    const [a, b, c] = nodes as [TestNode, TestNode, TestNode]
    const first = await w.client(b, 'pump')
    const { end } = command(a, { id: 'k-1' })
    await w.pass(0)
    b.broker.isAway = true
    await w.cut(first)
    const second = await w.client(c, 'pump')
    await w.pass(26_000)
    expect(names(second)).toEqual(['k-1'])
    b.broker.isAway = false
    await w.pass(2000)
    expect(names(second)).toEqual(['k-1'])
    await w.answer(second, 'opened')
    expect(end).toEqual({ value: 'opened' })
  })

  it('and comes back in the same breath, before the old connection is given up', async () => {
    const { w, nodes } = await world('a')
    const [a] = nodes as [TestNode]
    const old = await w.client(a, 'pump')
    const { end } = command(a, { id: 'k-1' })
    await w.pass(0)
    const device = await w.client(a, 'pump')
    expect(names(device)).toEqual([])
    await w.cut(old)
    expect(names(device)).toEqual(['k-1'])
    await w.answer(device, 'opened')
    expect(end).toEqual({ value: 'opened' })
  })

  it('when the server closes: its command goes back, and who asked is told to ask again', async () => {
    const { w, nodes } = await world('a', 'b')
    const [a, b] = nodes as [TestNode, TestNode]
    await w.client(a, 'pump')
    const { end } = command(a, { id: 'k-1' })
    await w.pass(0)
    await a.hub.close(0)
    await w.pass(0)
    expect(end.error).toMatchObject({ kind: 'unavailable' })
    const again = command(b, { id: 'k-1' })
    const device = await w.client(b, 'pump')
    expect(names(device)).toEqual(['k-1'])
    await w.answer(device, 'opened')
    expect(again.end).toEqual({ value: 'opened' })
  })
})

describe('[H5.7] [P5.17] one id', () => {
  it('is one command, however often and on whichever node it is asked, with one answer', async () => {
    const { w, nodes } = await world('a', 'b')
    const [a, b] = nodes as [TestNode, TestNode]
    const asked = [command(a, { id: 'k' }), command(a, { id: 'k' }), command(b, { id: 'k' })]
    await w.pass(0)
    const device = await w.client(a, 'pump')
    await w.answer(device, 'opened')
    expect(names(device)).toEqual(['k'])
    expect(asked.map(({ end }) => end.value)).toEqual(['opened', 'opened', 'opened'])
  })

  it('has its answer also after it is over, longer than ids are known to the broker', async () => {
    const { w, nodes } = await world('a', 'b')
    const [a, b] = nodes as [TestNode, TestNode]
    const device = await w.client(a, 'pump')
    command(a, { id: 'k' })
    await w.pass(0)
    await w.answer(device, 'opened')
    await w.pass(1_800_000)
    const again = command(b, { id: 'k' })
    await w.pass(0)
    expect(again.end).toEqual({ value: 'opened' })
    expect(names(device)).toEqual(['k'])
  })

  it('is asked anew where its node died, and has the answer that came meanwhile', async () => {
    const { w, nodes } = await world('a', 'b')
    const [a, b] = nodes as [TestNode, TestNode]
    command(a, { id: 'k' })
    await w.pass(0)
    await w.kill(a)
    const device = await w.client(b, 'pump')
    await w.answer(device, 'opened')
    const again = command(b, { id: 'k' })
    await w.pass(0)
    expect([again.end.value, names(device)]).toEqual(['opened', ['k']])
  })

  it('is refused for something else, at once and after it is over', async () => {
    const { w, nodes } = await world('a', 'b')
    const [a, b] = nodes as [TestNode, TestNode]
    const device = await w.client(a, 'pump')
    const [first, same, other] = [
      command(a, { id: 'k' }),
      command(a, { id: 'k' }),
      command(a, { id: 'k', request: { open: false } }),
    ]
    await w.pass(0)
    await w.answer(device, 'opened')
    const late = command(b, { id: 'k', request: { open: false } })
    await w.pass(0)
    expect([first.end.value, same.end.value]).toEqual(['opened', 'opened'])
    for (const { stored } of [other, late])
      expect(stored.error).toMatchObject({ kind: 'invalid-payload', field: 'id' })
    expect(names(device)).toEqual(['k'])
  })

  it('of one user is not that of another', async () => {
    const { w, nodes } = await world('a')
    const [a] = nodes as [TestNode]
    const [pump, lock] = [await w.client(a, 'pump'), await w.client(a, 'lock')]
    const ends = ['pump', 'lock'].map((user) =>
      watch(a.hub.commands.ask(user, { ...OPEN, id: 'k' }).then(({ answer }) => answer)),
    )
    await w.pass(0)
    await w.answer(lock, 'locked')
    await w.answer(pump, 'pumped')
    expect(ends.map(({ value }) => value)).toEqual(['pumped', 'locked'])
  })
})

describe('[H5.10] [P5.17] the order', () => {
  it('of a key: one after the other, in the order of asking, whatever becomes of each', async () => {
    const { w, nodes } = await world('a', 'b')
    const [a, b] = nodes as [TestNode, TestNode]
    for (const [index, node] of [a, b, a, b].entries()) {
      command(node, { id: `k-${index}`, key: 'v3' })
      await w.pass(0)
    }
    const device = await w.client(a, 'pump')
    expect(names(device)).toEqual(['k-0'])
    device.say('answer', { call: 'k-0', error: { code: 118, message: 'No' } })
    await w.pass(0)
    expect(names(device)).toEqual(['k-0', 'k-1'])
    await w.cut(device)
    const next = await w.client(b, 'pump')
    expect(names(next)).toEqual(['k-1'])
    for (const id of ['k-1', 'k-2', 'k-3']) await w.answer(next, 'done', id)
    expect(names(next)).toEqual(['k-1', 'k-2', 'k-3'])
  })

  it('of others: as they were asked, sixteen at a time', async () => {
    const { w, nodes } = await world('a')
    const [a] = nodes as [TestNode]
    const ids = Array.from({ length: 20 }, (_, index) => `k-${index}`)
    for (const id of ids) command(a, { id })
    await w.pass(0)
    const device = await w.client(a, 'pump')
    expect(names(device)).toEqual(ids.slice(0, 16))
    await w.answer(device, 'done', 'k-3')
    expect(names(device)).toEqual(ids.slice(0, 17))
  })
})

describe('what an application can see and do', () => {
  it('[H5.6] lists what waits and what is under way', async () => {
    const { w, nodes } = await world('a', 'b')
    const [a, b] = nodes as [TestNode, TestNode]
    const asked = w.clock.now()
    command(a, { id: 'k-1', key: 'v3' })
    command(a, { id: 'k-2', key: 'v3', ttl: 1000 })
    await w.pass(0)
    await w.client(b, 'pump')
    const common = { method: 'valve.set', request: { open: true }, key: 'v3', by: undefined, asked }
    expect(await b.hub.commands.list('pump')).toEqual([
      { ...common, id: 'k-1', state: 'running', expires: asked + 3_600_000 },
      { ...common, id: 'k-2', state: 'waiting', expires: asked + 1000 },
    ])
    expect(await a.hub.commands.list('nobody')).toEqual([])
  })

  it('[H5.6] cancels what waits, and nothing else', async () => {
    const { w, nodes } = await world('a', 'b')
    const [a, b] = nodes as [TestNode, TestNode]
    const running = command(a, { id: 'k-1', key: 'v3' })
    const waiting = command(a, { id: 'k-2', key: 'v3' })
    const device = await w.client(b, 'pump')
    expect(await b.hub.commands.cancel('pump', 'k-2')).toBe(true)
    expect(await b.hub.commands.cancel('pump', 'k-2')).toBe(false)
    expect(await b.hub.commands.cancel('pump', 'k-1')).toBe(false)
    expect(await b.hub.commands.cancel('pump', 'k-3')).toBe(false)
    await w.answer(device, 'opened')
    expect([running.end.value, waiting.end.error?.kind]).toEqual(['opened', 'aborted'])
    expect(names(device)).toEqual(['k-1'])
  })

  it('[H5.11] is told how many wait, when no more may', async () => {
    const { w, nodes } = await world('a')
    const [a] = nodes as [TestNode]
    const all = Array.from({ length: 42 }, () => command(a))
    await w.pass(0)
    expect(all.filter(({ stored }) => stored.value !== undefined)).toHaveLength(40)
    expect(all.at(-1)?.stored.error).toMatchObject({
      kind: 'limit-exceeded',
      message: "40 calls of 'valve.set' wait for 'pump' already, and at most 40 may",
    })
    const again = command(a, { id: all[0]?.stored.value?.id })
    await w.pass(0)
    expect(again.stored.value?.id).toBe(all[0]?.stored.value?.id)
  })

  it('[H5.11] is told what cannot wait, or not so long', async () => {
    const { w, nodes } = await world('a')
    const [a] = nodes as [TestNode]
    const errors = [
      command(a, { method: 'valve.read', request: null }),
      command(a, { ttl: 3_600_001 }),
      command(a, { ttl: 0 }),
      command(a, { request: { open: 'wide' } }),
      command(a, { method: 'valve.paint' }),
    ].map(({ stored }) => stored)
    const long = watch(a.hub.commands.ask('ü'.repeat(100), OPEN))
    await w.pass(0)
    expect([...errors, long].map(({ error }) => error?.kind)).toEqual([
      'not-available',
      'limit-exceeded',
      'limit-exceeded',
      'invalid-payload',
      'unknown-method',
      'not-available',
    ])
  })
})

describe('where the broker fails', () => {
  it('[H5.8] two nodes that both have the device take a command once', async () => {
    const { w, nodes } = await world('a', 'b', 'c')
    const [a, b, c] = nodes as [TestNode, TestNode, TestNode]
    const devices = [await w.client(a, 'pump'), await w.client(b, 'pump'), await w.client(c, 'pump')]
    const ends = Array.from(
      { length: 30 },
      (_, index) => command([a, b, c][index % 3] ?? a, { id: `k-${index}` }).end,
    )
    for (let round = 0; round < 30; round++) {
      await w.pass(0)
      for (const device of devices)
        for (const id of names(device).slice(-16)) device.say('answer', { call: id, data: json('done') })
    }
    await w.pass(0)
    expect(ends.map(({ value }) => value)).toEqual(ends.map(() => 'done'))
    const all = devices.flatMap(names)
    expect(all.toSorted()).toEqual([...new Set(all)].toSorted())
    expect(all).toHaveLength(30)
  })

  it('[H4.6] what a node did not hear of it finds out', async () => {
    const { w, nodes } = await world('a', 'b')
    const [a, b] = nodes as [TestNode, TestNode]
    const device = await w.client(b, 'pump')
    b.broker.isDeaf = true
    const { end } = command(a, { id: 'k-1' })
    await w.pass(0)
    expect(names(device)).toEqual([])
    b.broker.isDeaf = false
    await w.pass(5000)
    expect(names(device)).toEqual(['k-1'])
    a.broker.isDeaf = true
    await w.answer(device, 'opened')
    expect(end).toEqual({})
    a.broker.isDeaf = false
    await w.pass(5000)
    expect(end).toEqual({ value: 'opened' })
  })

  it('[H5.6] what is answered while it is away is written down when it is back, and not asked again', async () => {
    const { w, nodes } = await world('a', 'b')
    const [a, b] = nodes as [TestNode, TestNode]
    const device = await w.client(b, 'pump')
    const { end } = command(a, { id: 'k-1' })
    await w.pass(0)
    b.broker.isAway = true
    await w.answer(device, 'opened')
    await w.pass(8000)
    b.broker.isAway = false
    await w.pass(1000)
    expect(end).toEqual({ value: 'opened' })
    expect(names(device)).toEqual(['k-1'])
  })

  it('[H5.6] a command that cannot be stored is refused, and none waits for ever', async () => {
    const { w, nodes } = await world('a')
    const [a] = nodes as [TestNode]
    const stored = command(a, { ttl: 60_000 })
    await w.pass(0)
    a.broker.isAway = true
    const refused = command(a)
    await w.pass(0)
    expect(refused.stored.error).toMatchObject({ kind: 'unavailable' })
    await w.pass(60_000 + 5000 + 30_000)
    expect(stored.end.error).toMatchObject({ kind: 'timeout' })
    const fresh = watch(a.hub.commands.ask('other', OPEN))
    await w.pass(10_000)
    expect(fresh.error).toMatchObject({ kind: 'timeout' })
  })

  it('[H5.6] and loses its data, who waits is told so, and the stream goes on', async () => {
    const { w, nodes } = await world('a', 'b')
    const [a, b] = nodes as [TestNode, TestNode]
    const { end } = command(a, { id: 'k-1' })
    await w.pass(0)
    w.shared.wipe()
    await w.pass(1000)
    expect(end.error).toMatchObject({ kind: 'unavailable' })
    const again = command(a, { id: 'k-1' })
    const device = await w.client(b, 'pump')
    await w.answer(device, 'opened')
    expect(again.end).toEqual({ value: 'opened' })
  })

  it('[H5.13] nothing of all this is there where no call waits', async () => {
    const { w } = await world()
    const plain = await w.node('a', { api: { ...api, calls: { 'valve.read': api.calls['valve.read'] } } })
    const joined: string[] = []
    const join = plain.broker.join.bind(plain.broker)
    plain.broker.join = (channel) => {
      joined.push(channel)
      return join(channel)
    }
    await w.client(plain, 'pump')
    expect([
      joined,
      await plain.hub.commands.list('pump'),
      await plain.hub.commands.cancel('pump', 'x'),
    ]).toEqual([[], [], false])
  })
})
