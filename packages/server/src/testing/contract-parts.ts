import type { Member } from '@millrace/protocol'
import type { Broker, BrokerListener, NewPublication } from '../hub/index.js'

/** A broker under test, and how to move its time. */
export interface BrokerSubject {
  readonly broker: Broker
  /** Lets time pass for the broker. */
  advance(milliseconds: number): Promise<void>
  /** Waits until what is on its way has arrived. */
  settle(): Promise<void>
  close(): Promise<void>
}

/** The test runner's functions, so that the suite depends on none. */
export interface Runner {
  it(title: string, test: () => Promise<void>): void
  /** Throws when the two are not deeply equal. */
  equal(actual: unknown, expected: unknown): void
}

/** What a listener heard, in short. */
export class Heard implements BrokerListener {
  readonly events: string[] = []
  publication(channel: string, _epoch: string, { offset }: { readonly offset: number }): void {
    this.events.push(`${channel} ${offset}`)
  }
  ephemeral(channel: string): void {
    this.events.push(`${channel} ephemeral`)
  }
  presence(channel: string, change: string, { session }: Member): void {
    this.events.push(`${channel} ${change} ${session}`)
  }
  interrupted(): void {}
}

export type Test = (
  title: string,
  run: (subject: BrokerSubject, heard: Heard, channel: string) => Promise<void>,
) => void
export type Equal = Runner['equal']

export const item = (value: unknown, id?: string): NewPublication => ({
  id,
  data: { codec: 'json', text: JSON.stringify(value) },
})
