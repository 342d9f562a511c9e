/** What a testbed is for: bugs of applications that show only when networks and servers fail. Each is found, and its repair passes. */
import type { Client } from '@millrace/client'
import { afterEach, describe, expect, it } from 'vitest'
import { type api, type Bed, closeAll, make } from '../../test/chat.js'

afterEach(closeAll)

/** Shows the last messages of a room. It counts on hearing them all, and so it shows what is not there any more. */
class Careless {
  shown: string[] = []
  constructor(client: Client<typeof api>) {
    client.channel('brief:board').on('message', (text) => {
      this.shown = [...this.shown, text].slice(-3)
    })
  }
}

/** The same, but after a gap it begins anew with what there is. */
class Careful {
  shown: string[] = []
  constructor(client: Client<typeof api>) {
    const room = client.channel('brief:board')
    room.on('message', (text) => {
      this.shown = [...this.shown, text].slice(-3)
    })
    room.on('gap', () => {
      this.shown = []
    })
  }
}

async function boardAfterOutage(bed: Bed, Board: typeof Careless | typeof Careful) {
  const alice = bed.client({ token: 'alice' })
  const board = new Board(alice)
  await bed.settle()
  for (const text of ['a', 'b', 'c']) await bed.server.publish('brief:board', text)
  bed.network(alice).refuse().cut()
  for (const text of ['d', 'e']) await bed.server.publish('brief:board', text)
  bed.broker.trim('brief:board', 1)
  bed.network(alice).heal()
  await bed.until(() => alice.state.name === 'connected')
  await bed.settle()
  const { publications } = await bed.server.history('brief:board')
  return { shown: board.shown, there: publications.map(({ message }) => message) }
}

describe('a listener that ignores gaps', () => {
  it('shows what is gone', async () => {
    const { shown, there } = await boardAfterOutage(await make(), Careless)
    expect(shown).not.toEqual(there)
  })

  it('repaired, shows what there is', async () => {
    const { shown, there } = await boardAfterOutage(await make(), Careful)
    expect(shown).toEqual(there)
  })
})

describe('an application that keeps in memory what it must not lose', () => {
  /** Counts how often each user has shouted: in the process, or in a store that outlives it. */
  const counting = (countsOf: () => Map<string, number>) => async () => {
    const bed = await make({
      setup: (server) => {
        const counts = countsOf()
        server.handle('shout', ({ user }) => {
          counts.set(user.id, (counts.get(user.id) ?? 0) + 1)
          return String(counts.get(user.id))
        })
      },
    })
    const alice = bed.client({ token: 'alice' })
    await alice.call('shout', 'a')
    await bed.restart()
    return bed.until(alice.call('shout', 'b'))
  }

  it('forgets with a restart', async () => {
    expect(await counting(() => new Map())()).toBe('1')
  })

  it('repaired, does not', async () => {
    const database = new Map<string, number>()
    expect(await counting(() => database)()).toBe('2')
  })
})

describe('a caller that tries again by itself', () => {
  /** Pays, and tries again when it hears nothing. */
  const pay = async (client: Client<typeof api>): Promise<unknown> => {
    for (;;) {
      try {
        return await client.call('blink', 10)
      } catch {
        // It was not carried out, or was it?
      }
    }
  }

  it('is carried out twice when only the answer was lost', async () => {
    const bed = await make()
    let paid = 0
    bed.server.handle('blink', ({ request }) => {
      paid += request
      return 'paid'
    })
    const alice = bed.client({ token: 'alice' })
    await alice.connect()
    bed.network(alice).stall('down')
    const paying = pay(alice)
    await bed.settle()
    bed.network(alice).cut().heal()
    expect(await bed.until(paying)).toBe('paid')
    expect(paid).toBe(20)
  })
})
