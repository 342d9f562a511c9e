import { afterEach, describe, expect, it } from 'vitest'
import { closeAll, hear, loose } from '../../test/chat.js'

afterEach(closeAll)

/** A few busy minutes: what was traced, what was heard, and who was who. */
async function minutes(seed: number) {
  const trace: string[] = []
  const bed = await loose({ seed, nodes: 2, trace: (line) => trace.push(line) })
  const clients = ['alice', 'bob', 'carol'].map((token) => bed.client({ token, name: token }))
  const heard = clients.map((client) => hear(client.channel('chat:lobby')))
  const rooms = clients.map((client) => client.channel('chat:lobby'))
  bed.network(...clients).delay('5ms', '90ms')
  await bed.until(Promise.all(rooms.map((room) => room.subscribe())))
  const publishing: Promise<unknown>[] = []
  for (let round = 0; round < 6; round++) {
    for (const [index, room] of rooms.entries()) publishing.push(room.publish(`${index} in round ${round}`))
    const [client] = clients.slice(round % clients.length)
    if (client !== undefined) bed.network(client).cut()
    if (round === 3) bed.nodes[0]?.crash()
    await bed.advance('7s')
    await bed.start()
  }
  await bed.until(Promise.all(publishing))
  const sessions = clients.map(({ session }) => session)
  await bed.close()
  return { trace, heard, sessions }
}

describe('a testbed', () => {
  it('happens again in every detail under the same seed', async () => {
    const [one, two] = [await minutes(7), await minutes(7)]
    expect(one).toEqual(two)
    expect(one.trace.length).toBeGreaterThan(120)
    for (const heard of one.heard) expect(heard).toHaveLength(18)
  })

  it('and otherwise under another', async () => {
    expect((await minutes(8)).trace).not.toEqual((await minutes(9)).trace)
  })

  it('can be watched', async () => {
    const trace: string[] = []
    const bed = await loose({ trace: (line) => trace.push(line) })
    const alice = bed.client({ name: 'alice', token: 'alice' })
    await alice.channel('chat:lobby').subscribe()
    await bed.advance('1.5s')
    await bed.server.publish('chat:lobby', 'hi')
    await bed.settle()
    bed.crash('machine')
    bed.network(alice).cut()
    await bed.close()
    expect(trace).toEqual([
      '0.000 s  node-1 has started',
      '0.000 s  alice is connected to node-1',
      '0.000 s  alice → connect #2',
      '0.000 s  alice → subscribe chat:lobby #3',
      '0.000 s  alice ← connected #2',
      '0.000 s  alice ← subscribed chat:lobby @0 #3',
      '1.500 s  alice ← publication chat:lobby @1',
      '1.500 s  node-1 has crashed, with its machine',
      '1.500 s  alice lost its connection: 1006',
    ])
  })
})
