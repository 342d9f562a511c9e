interface Task {
  readonly at: number
  readonly order: number
  run: (() => void) | undefined
}

/** Virtual time: a heap of tasks, run one after the other; between two, every promise that is ready runs its course. */
export class Timeline {
  #now = 1_700_000_000_000
  readonly #start = this.#now
  #order = 0
  readonly #heap: Task[] = []
  /** Tasks run so far. */
  steps = 0

  now(): number {
    return this.#now
  }

  /** Milliseconds since the beginning. */
  get elapsed(): number {
    return this.#now - this.#start
  }

  schedule(delay: number, run: () => void): () => void {
    const task: Task = { at: this.#now + Math.max(0, delay), order: this.#order++, run }
    this.#push(task)
    return () => {
      task.run = undefined
    }
  }

  /** Lets this much time pass. */
  async run(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds
    await ripple()
    for (let task = this.#heap[0]; task !== undefined && task.at <= end; task = this.#heap[0]) {
      this.#pop()
      if (task.run === undefined) continue
      this.#now = Math.max(this.#now, task.at)
      this.steps++
      task.run()
      await ripple()
    }
    this.#now = end
  }

  #push(task: Task): void {
    const heap = this.#heap
    let at = heap.push(task) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent] as Task
      if (isBefore(above, task)) break
      heap[at] = above
      at = parent
    }
    heap[at] = task
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Task, heap[child] as Task)) child++
      if (isBefore(last, heap[child] as Task)) break
      heap[at] = heap[child] as Task
      at = child
    }
    heap[at] = last
  }
}

const isBefore = (a: Task, b: Task): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)

/** Node runs every promise that is ready, and those it makes ready, before the next immediate. */
const ripple = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
