import { chain, type Message, type Publication } from '@millrace/protocol'

/**
 * Listens to what a node says on one connection. A client would make up for much of what a node does wrong; here the node's
 * own promise is held against it: in order, nothing twice, no hole without a gap, and nothing but by subscription.
 */
export class WireJudge {
  readonly #failed: (what: string) => void
  /** The offset up to which each subscribed channel was told. */
  readonly #told = new Map<string, number>()

  constructor(failed: (what: string) => void) {
    this.#failed = failed
  }

  hear({ id, kind, body }: Message): void {
    switch (kind) {
      case 'subscribed':
        this.#list(body.channel, body.publications ?? [])
        this.#told.set(body.channel, body.position.offset)
        break
      case 'unsubscribed':
        this.#told.delete(body.channel)
        break
      case 'gap':
        this.#told.set(body.channel, body.to.offset)
        break
      case 'publication':
        if (id === 0) this.#push(body.channel, body)
        break
      default:
    }
  }

  #push(channel: string, publication: Publication): void {
    const told = this.#told.get(channel)
    if (told === undefined) this.#failed(`${channel} ${publication.offset} to who is not subscribed`)
    else if (chain(told, publication) !== 'next')
      this.#failed(`${channel} ${publication.offset} after ${told} is a ${chain(told, publication)}`)
    this.#told.set(channel, publication.offset)
  }

  #list(channel: string, publications: readonly Publication[]): void {
    let last = publications[0]?.offset
    for (const publication of publications.slice(1)) {
      if (chain(last ?? 0, publication) !== 'next')
        this.#failed(`${channel} ${publication.offset} after ${last} in a reply`)
      last = publication.offset
    }
  }
}
