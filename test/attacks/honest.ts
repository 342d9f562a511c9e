/** Honest clients, who notice how long they wait. */
import { clientAt } from '../promises/load.js'
import { numbers } from '../promises/world.js'

type AnyClient = ReturnType<typeof clientAt>

export interface Latency {
  readonly p50: number
  readonly p99: number
  readonly max: number
  readonly count: number
}

/** Each speaks about so often, in milliseconds. */
const EVERY = 500
/** So many are in a room together. */
const ROOM = 10

interface Said {
  readonly by: number
  readonly n: number
}

/** So many clients, each in a room with some others: twice a second one publishes there and hears itself, or calls the server. */
export class Honest {
  readonly clients: readonly AnyClient[]
  readonly #timers: NodeJS.Timeout[] = []
  readonly #pending = new Set<number>()
  #took: number[] = []
  /** How often any of them had to come back, or was refused what it asked for. */
  cuts = 0
  readonly failures: string[] = []

  private constructor(clients: readonly AnyClient[]) {
    this.clients = clients
  }

  /** Resolves when all have connected and joined their rooms. */
  static async gather(port: number, count: number): Promise<Honest> {
    const honest = new Honest(numbers(1, count).map((n) => clientAt(port, { token: `honest-${n}` })))
    await Promise.all(honest.clients.map((client, n) => honest.#join(client, n)))
    return honest
  }

  /** What they waited since they were asked for the last time; who still waits counts as who waited until now. */
  latency(): Latency {
    const now = performance.now()
    const all = [...this.#took, ...[...this.#pending].map((since) => now - since)].sort((a, b) => a - b)
    this.#took = []
    const at = (share: number): number => all[Math.min(all.length - 1, Math.floor(all.length * share))] ?? 0
    return { p50: at(0.5), p99: at(0.99), max: at(1), count: all.length }
  }

  leave(): void {
    for (const timer of this.#timers) clearInterval(timer)
    for (const client of this.clients) client.close()
  }

  async #join(client: AnyClient, by: number): Promise<void> {
    await client.connect()
    client.on('state', ({ name }) => {
      if (name === 'reconnecting' || (name === 'closed' && this.#timers.length > 0)) this.cuts++
    })
    const room = client.channel(`chat:room-${by % ROOM}`)
    /** By number, what is told when it is heard. */
    const heard = new Map<number, () => void>()
    room.on('message', (message) => {
      const { by: other, n } = message as Said
      if (other === by) heard.get(n)?.()
    })
    await room.subscribe()
    let turn = by
    const speak = async (n = turn++): Promise<void> => {
      const at = performance.now()
      this.#pending.add(at)
      try {
        if (n % 2 === 0) await client.call('echo', n)
        else {
          const own = new Promise<void>((resolve) => heard.set(n, resolve))
          await room.publish({ by, n })
          await own
          heard.delete(n)
        }
        this.#took.push(performance.now() - at)
      } catch (error) {
        this.failures.push(String(error))
      } finally {
        this.#pending.delete(at)
      }
    }
    // Not all at once.
    const begin = setTimeout(
      () => {
        this.#timers.push(setInterval(() => void speak(), EVERY))
      },
      (by * 37) % EVERY,
    )
    this.#timers.push(begin)
  }
}
