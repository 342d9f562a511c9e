import { json } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { names, type TestNode, World, watch } from '../../test/devices-world.js'

const READ = { method: 'valve.read', request: null }

async function three() {
  const world = new World()
  const [a, b, c] = (await world.nodes('a', 'b', 'c')) as [TestNode, TestNode, TestNode]
  return { world, a, b, c }
}

describe('[H5.5] a call to a client on another node', () => {
  it('reaches the session, and its answer comes back', async () => {
    const { world, a, b } = await three()
    const device = await world.client(b, 'pump')
    const byUser = watch(a.hub.handlers.callTarget({ user: 'pump' }, READ))
    await world.pass(0)
    expect(device.of('call')).toMatchObject([{ method: 'valve.read', data: json(null) }])
    await world.answer(device, 7)
    const bySession = watch(a.hub.handlers.callTarget({ session: device.session.id }, READ))
    await world.pass(0)
    await world.answer(device, 8)
    expect([byUser, bySession]).toEqual([{ value: 7 }, { value: 8 }])
    expect(world.problems).toEqual([])
  })

  it('goes to the session that connected last, and to nobody else', async () => {
    const { world, a, b, c } = await three()
    const old = await world.client(b, 'pump')
    await world.pass(1)
    const latest = await world.client(c, 'pump')
    const answer = watch(a.hub.handlers.callTarget({ user: 'pump' }, READ))
    await world.pass(0)
    expect([names(old).length, names(latest).length]).toEqual([0, 1])
    await world.answer(latest, 1)
    expect(answer).toEqual({ value: 1 })
  })

  it('prefers a session on the node itself', async () => {
    const { world, a, b } = await three()
    const here = await world.client(a, 'pump')
    await world.pass(1)
    const there = await world.client(b, 'pump')
    void a.hub.handlers.callTarget({ user: 'pump' }, READ).catch(() => {})
    await world.pass(0)
    expect([names(here).length, names(there).length]).toEqual([1, 0])
  })

  it('of nobody anywhere ends at once', async () => {
    const { world, a } = await three()
    const answers = [{ user: 'pump' }, { session: 's-1' }, {}].map((target) =>
      watch(a.hub.handlers.callTarget(target, READ)),
    )
    await world.pass(0)
    expect(answers.map(({ error }) => [error?.kind, error?.message])).toEqual([
      ['no-such-target', "Not connected: user 'pump'"],
      ['no-such-target', "Not connected: session 's-1'"],
      ['no-such-target', 'Not connected: nobody'],
    ])
  })

  it('names the node that is alive and silent', async () => {
    const { world, a, b } = await three()
    b.broker.isDeaf = true
    const answer = watch(a.hub.handlers.callTarget({ user: 'pump' }, READ))
    await world.pass(1000)
    expect(answer.error).toMatchObject({ kind: 'timeout', message: "No answer within 1000 ms from node 'b'" })
  })

  it('does not name a node that died, once its lease is over', async () => {
    const { world, a, b } = await three()
    await world.kill(b)
    await world.pass(15_000)
    const answer = watch(a.hub.handlers.callTarget({ user: 'pump' }, READ))
    await world.pass(0)
    expect(answer.error).toMatchObject({ kind: 'no-such-target' })
  })

  it('is found though another node is silent', async () => {
    const { world, a, b, c } = await three()
    const device = await world.client(c, 'pump')
    b.broker.isDeaf = true
    const bySession = watch(a.hub.handlers.callTarget({ session: device.session.id }, READ))
    await world.pass(0)
    await world.answer(device, 1)
    expect(bySession).toEqual({ value: 1 })
    const byUser = watch(a.hub.handlers.callTarget({ user: 'pump' }, READ))
    await world.pass(1000)
    await world.answer(device, 2)
    expect(byUser).toEqual({ value: 2 })
  })

  it('ends with what the device answers, or by the deadline, and is passed on once', async () => {
    const { world, a, b } = await three()
    const device = await world.client(b, 'pump')
    const failing = watch(a.hub.handlers.callTarget({ user: 'pump' }, READ))
    await world.pass(0)
    device.say('answer', { call: names(device)[0] ?? '', error: { code: 118, message: 'No battery' } })
    await world.pass(0)
    expect(failing.error).toMatchObject({ kind: 'application-error', message: 'No battery' })
    const silent = watch(a.hub.handlers.callTarget({ user: 'pump' }, READ))
    await world.pass(1999)
    expect(silent.error).toMatchObject({
      kind: 'timeout',
      message: "No answer to 'valve.read' within 1900 ms",
    })
    expect(names(device)).toHaveLength(2)
  })

  it('ends by the deadline when the node that has the session dies with the call, and names it', async () => {
    const { world, a, b } = await three()
    await world.client(b, 'pump')
    const answer = watch(a.hub.handlers.callTarget({ user: 'pump' }, READ))
    await world.pass(0)
    await world.kill(b)
    await world.pass(2000)
    expect(answer.error).toMatchObject({ kind: 'timeout', message: "No answer within 1999 ms from node 'b'" })
  })

  it('[H1.5] learns that the session ended, before or after it was passed on', async () => {
    const { world, a, b } = await three()
    const device = await world.client(b, 'pump')
    const answer = watch(a.hub.handlers.callTarget({ user: 'pump' }, READ))
    await world.pass(0)
    await world.cut(device)
    expect(answer.error).toMatchObject({ kind: 'connection-lost' })
    const gone = a.hub.cluster.ask('b', 'call', {
      body: { session: device.session.id, method: 'valve.read', data: { json: 'null' }, timeout: 1000 },
      within: 1000,
    })
    await expect(gone).rejects.toMatchObject({ kind: 'connection-lost' })
  })

  it('checks the answer of another node’s client as any other', async () => {
    const { world, a, b } = await three()
    const device = await world.client(b, 'pump')
    const answer = watch(a.hub.handlers.callTarget({ user: 'pump' }, READ))
    await world.pass(0)
    await world.answer(device, 'not a number')
    expect(answer.error).toMatchObject({ kind: 'invalid-payload' })
  })

  it('[H5.4] [P5.10] from a client goes where a hook allows it, on any node', async () => {
    const { world, a, b } = await three()
    const ann = await world.client(a, 'ann')
    const device = await world.client(b, 'pump')
    const ask = { method: 'valve.read', data: json(null), to: { user: 'pump' } }
    const refused = ann.say('call', ask)
    await world.pass(0)
    expect(ann.messages.find(({ id }) => id === refused)?.body).toMatchObject({ code: 106, field: 'to' })
    a.hub.handlers.relay('valve.read', ({ user, to }) => user?.id === 'ann' && to.user === 'pump')
    const allowed = ann.say('call', ask)
    await world.pass(0)
    await world.answer(device, 12)
    expect(ann.messages.find(({ id }) => id === allowed)).toMatchObject({
      kind: 'answered',
      body: { data: json(12) },
    })
  })

  it('with the broker away ends with that, and a call on the node itself goes on', async () => {
    const { world, a } = await three()
    const device = await world.client(a, 'valve')
    a.broker.isAway = true
    const away = watch(a.hub.handlers.callTarget({ user: 'pump' }, READ))
    const here = watch(a.hub.handlers.callTarget({ user: 'valve' }, READ))
    await world.pass(0)
    await world.answer(device, 3)
    expect([away.error?.kind, here.value]).toEqual(['unavailable', 3])
  })
})
