import type { Clock, RequestAnswer } from '../hub/index.js'

export interface NeighboursParts {
  readonly clock: Clock
  /** Asks a node whether it is there. Rejects when it is silent for so many milliseconds. */
  ask(node: string, within: number): Promise<unknown>
}

/** Who waits, and what each is answered instead. */
type Waiting = Set<(instead: RequestAnswer) => void>

/** How often a node is asked for which requests wait, and how long it may take to answer, in milliseconds. */
const ASK_EVERY = 2000
const ANSWER_WITHIN = 2000
/** A node that was silent so many times in a row is gone: what nodes say to each other may be lost. */
const SILENCES = 2

/**
 * Nodes that have been asked for what may take them long. Who waits is told when such a node is silent: it would else wait
 * for as long as an answer could take. [P8.5]
 */
export class Neighbours {
  readonly #parts: NeighboursParts
  readonly #all = new Map<string, Waiting>()

  constructor(parts: NeighboursParts) {
    this.#parts = parts
  }

  /** Waits for an answer of the node; or for `gone`, when the node is silent meanwhile. The answer must not reject. */
  wait(node: string, answer: Promise<RequestAnswer>, gone: RequestAnswer): Promise<RequestAnswer> {
    const waiting = this.#all.get(node) ?? this.#watch(node, gone)
    return new Promise((resolve) => {
      waiting.add(resolve)
      void answer.then((said) => {
        waiting.delete(resolve)
        resolve(said)
      })
    })
  }

  /** Nobody waits any longer. */
  release(instead: RequestAnswer): void {
    for (const waiting of this.#all.values()) tell(waiting, instead)
  }

  /** For as long as anybody waits. */
  #watch(node: string, gone: RequestAnswer): Waiting {
    const { clock, ask } = this.#parts
    const waiting: Waiting = new Set()
    this.#all.set(node, waiting)
    let silences = 0
    const look = async (): Promise<void> => {
      if (waiting.size === 0) {
        this.#all.delete(node)
        return
      }
      const isHere = await ask(node, ANSWER_WITHIN).then(
        () => true,
        () => false,
      )
      silences = isHere ? 0 : silences + 1
      if (silences >= SILENCES) tell(waiting, gone)
      clock.schedule(silences === 0 ? ASK_EVERY : 0, look)
    }
    clock.schedule(ASK_EVERY, look)
    return waiting
  }
}

function tell(waiting: Waiting, instead: RequestAnswer): void {
  for (const resolve of waiting) resolve(instead)
  waiting.clear()
}
