import { ripple, swiftRipple } from './real-time.js'

interface Task {
  readonly at: number
  readonly order: number
  run: (() => void) | undefined
  /** Told when it begins to run or is taken back. */
  readonly over: (() => void) | undefined
}

/** Follows what is scheduled on a timeline. */
export interface TimelineWatch {
  /** Something is due at once. */
  due(): void
  /** Something was scheduled. What is returned is called once, when that begins to run or is taken back. */
  scheduled(): (() => void) | undefined
}

/** When time begins, in milliseconds since 1970, unless told: 14 November 2023, 22:13:20 UTC. */
export const BEGINNING = 1_700_000_000_000

/** Tasks from one turn of the event loop to the next. */
const TURN_EVERY = 256

/**
 * Virtual time: a heap of tasks, run one after the other; between two, every promise that is ready runs its course. It goes in whole
 * milliseconds, as clocks do.
 */
export class Timeline {
  #now: number
  readonly #start: number
  readonly #watch: TimelineWatch | undefined
  #order = 0
  readonly #heap: Task[] = []
  /** Tasks run so far. */
  steps = 0

  constructor(start = BEGINNING, watch?: TimelineWatch) {
    this.#now = start
    this.#start = start
    this.#watch = watch
  }

  now(): number {
    return this.#now
  }

  /** Milliseconds since the beginning. */
  get elapsed(): number {
    return this.#now - this.#start
  }

  /** When the next task is due; undefined when none waits. */
  get next(): number | undefined {
    for (let task = this.#heap[0]; task !== undefined; task = this.#heap[0]) {
      if (task.run !== undefined) return task.at
      this.#pop()
    }
    return undefined
  }

  /** Whether something is to run without time passing. */
  get isDue(): boolean {
    const { next } = this
    return next !== undefined && next <= this.#now
  }

  schedule(delay: number, run: () => void): () => void {
    const over = this.#watch?.scheduled()
    const at = this.#now + Math.ceil(Math.max(0, delay))
    const task: Task = { at, order: this.#order++, run, over }
    this.#push(task)
    if (delay <= 0) this.#watch?.due()
    return () => {
      if (task.run === undefined) return
      task.run = undefined
      over?.()
    }
  }

  /** Runs the next task, if it is due by then, and moves time to it. False when there is none. */
  step(until: number): boolean {
    const { next } = this
    if (next === undefined || next > until) return false
    const [task] = this.#heap
    const run = task?.run
    this.#pop()
    if (task === undefined || run === undefined) return false
    task.run = undefined
    this.#now = Math.max(this.#now, task.at)
    this.steps++
    task.over?.()
    run()
    return true
  }

  /** Moves time on without running anything. */
  moveTo(time: number): void {
    this.#now = Math.max(this.#now, Math.ceil(time))
  }

  /** Lets this much time pass. */
  async run(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds
    await ripple()
    // A turn now and then, for what the process has to do besides.
    while (this.step(end)) await (this.steps % TURN_EVERY === 0 ? ripple() : swiftRipple())
    this.moveTo(end)
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
