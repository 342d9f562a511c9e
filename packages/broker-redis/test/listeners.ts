import type { Member } from '@millrace/protocol'
import type {
  Broker,
  BrokerListener,
  EphemeralEvent,
  NewPublication,
  PresenceChange,
  StoredPublication,
} from '@millrace/server'

export const KEEP = { size: 1_000, ttl: 60_000 } as const

export const text = (value: unknown, id?: string): NewPublication => ({
  id,
  data: { codec: 'json', text: JSON.stringify(value) },
})

export const member = (session: string, since: number, data: unknown = null): Member => ({
  session,
  since,
  data: { codec: 'json', text: JSON.stringify(data) },
})

/** Hears everything, and lets a test wait until it has heard enough: nothing sleeps. */
export class Listener implements BrokerListener {
  readonly publications: { readonly channel: string; readonly epoch: string; readonly offset: number }[] = []
  readonly stored: StoredPublication[] = []
  readonly events: string[] = []
  interruptions = 0
  #waiting: { readonly ready: () => boolean; readonly resolve: () => void }[] = []

  publication(channel: string, epoch: string, publication: StoredPublication): void {
    this.publications.push({ channel, epoch, offset: publication.offset })
    this.stored.push(publication)
    this.#look()
  }
  ephemeral(channel: string, _event: EphemeralEvent): void {
    this.events.push(`${channel} ephemeral`)
    this.#look()
  }
  presence(_channel: string, change: PresenceChange, { session }: Member): void {
    this.events.push(`${change} ${session}`)
    this.#look()
  }
  interrupted(): void {
    this.interruptions++
    this.#look()
  }

  get offsets(): number[] {
    return this.publications.map(({ offset }) => offset)
  }

  /** Resolves when this is so; it is looked at whenever something was heard. */
  until(ready: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ ready, resolve })
      this.#look()
    })
  }

  #look(): void {
    const done = this.#waiting.filter(({ ready }) => ready())
    this.#waiting = this.#waiting.filter((one) => !done.includes(one))
    for (const { resolve } of done) resolve()
  }
}

let settled = 0
/** Joining a channel takes a round trip behind everything that is on its way to this node. */
export async function settle(broker: Broker): Promise<void> {
  await broker.join(`settled:${settled++}`)
}
