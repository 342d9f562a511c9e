import type { RequestKind } from '@millrace/server/requests'
import { Host, type Responder, type Rng, type Timeline } from '@millrace/testing/parts'
import { Forwarding } from './forwarding.js'
import type { Node } from './node.js'
import type { Conditions } from './path.js'

/** A request as it comes to a node. */
export interface Arrived {
  readonly kind: RequestKind | 'stream'
  readonly body: string
  /** Whose page it comes from. */
  readonly page: string
}

export interface BalancerParts {
  readonly timeline: Timeline
  readonly rng: Rng
  /** The nodes there are, those included that are dead and have not been replaced. */
  readonly nodes: readonly Node[]
}

/** Milliseconds for which a machine is waited for that does not answer. */
const PATIENCE = 5000

/** The load balancer in front of the nodes, and whatever else speaks HTTP on the way to it: each request goes to whichever node. */
export class Balancer {
  readonly host: Host
  readonly #parts: BalancerParts

  constructor(parts: BalancerParts) {
    this.#parts = parts
    this.host = new Host('balancer', parts.timeline)
  }

  /** Passes a request on, as the path that it came by treats requests. */
  take(request: Arrived, responder: Responder, path: Conditions): void {
    const { rng } = this.#parts
    if (rng.chance(path.foreign)) {
      responder.head(200, false)
      responder.write('<p>Welcome to our network</p>')
      responder.end()
      return
    }
    // Who repeats a request has lost the answer to it.
    if (rng.chance(path.repeated)) this.#pass(request, this.#answering(nobody(), path))
    this.#pass(request, this.#answering(responder, path))
  }

  #pass(request: Arrived, answering: Forwarding): void {
    const { rng, nodes, timeline } = this.#parts
    const node = rng.pick(nodes)
    timeline.schedule(rng.int(0, 3), () => {
      if (node.host.isDead) answering.died(node.isMachineGone)
      else node.take(request, answering)
    })
  }

  #answering(to: Responder, path: Conditions): Forwarding {
    const { timeline, rng } = this.#parts
    return new Forwarding({ timeline, rng, to, path, patience: PATIENCE })
  }
}

/** Waits for nothing, and has gone before anything comes. */
const nobody = (): Responder => ({
  ...{ buffered: 0, head() {}, write() {}, end() {}, fail() {} },
  onGone: (tell) => tell(),
})
