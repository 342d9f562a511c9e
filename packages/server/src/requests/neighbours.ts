import type { Clock } from '../hub/index.js'

export interface NeighboursParts {
  readonly clock: Clock
  /** Asks a node whether it is there. Rejects when it is silent for so many milliseconds. */
  ask(node: string, within: number): Promise<unknown>
}

interface Neighbour {
  readonly waiting: Set<() => void>
}

/** How often a node is asked for which requests wait, and how long it may take to answer, in milliseconds. */
const ASK_EVERY = 2000
const ANSWER_WITHIN = 2000

/**
 * Nodes that have been asked for what may take them long. Who waits is told when such a node is silent: it would else wait
 * for as long as an answer could take.
 */
export class Neighbours {
  readonly #parts: NeighboursParts
  readonly #all = new Map<string, Neighbour>()

  constructor(parts: NeighboursParts) {
    this.#parts = parts
  }

  /** Waits for an answer of the node: undefined when the node is silent meanwhile. */
  async wait<T>(node: string, answer: Promise<T>): Promise<T | undefined> {
    let known = this.#all.get(node)
    if (known === undefined) {
      known = { waiting: new Set() }
      this.#all.set(node, known)
      void this.#watch(node, known)
    }
    const { waiting } = known
    let silent = (): void => {}
    const silence = new Promise<undefined>((resolve) => {
      silent = () => resolve(undefined)
    })
    waiting.add(silent)
    try {
      return await Promise.race([answer, silence])
    } finally {
      waiting.delete(silent)
    }
  }

  /** For as long as anybody waits. */
  async #watch(node: string, { waiting }: Neighbour): Promise<void> {
    const { clock, ask } = this.#parts
    for (;;) {
      await new Promise<void>((resolve) => void clock.schedule(ASK_EVERY, resolve))
      if (waiting.size === 0) break
      const here = await ask(node, ANSWER_WITHIN).then(
        () => true,
        () => false,
      )
      if (here) continue
      for (const silent of waiting) silent()
    }
    this.#all.delete(node)
  }
}
