/** A child process that prints `word {json}` lines: started, spoken to, and never left behind. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { WORD } from '../generator/commands.js'

/** Every child alive, so that whatever ends this process ends them. */
const alive = new Set<ChildProcessWithoutNullStreams>()

/** Kills all children at once; for exits on the way of which nothing can be awaited. */
export function killAll(): void {
  for (const child of alive) child.kill('SIGKILL')
}

const START_PATIENCE = 20_000
const STOP_PATIENCE = 2_000
const FATE_PATIENCE = 200
/** What is kept of a child's standard error for a failure's message. */
const STDERR_MAX = 2_000

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
  readonly timer: NodeJS.Timeout
}

export class Child {
  readonly #name: string
  readonly #process: ChildProcessWithoutNullStreams
  readonly #ended: Promise<void>
  #waiting: Waiting | undefined
  #stderr = ''
  #fate: string | undefined

  private constructor(name: string, command: readonly string[]) {
    this.#name = name
    const [program = '', ...rest] = command
    this.#process = spawn(program, rest, { stdio: 'pipe' })
    alive.add(this.#process)
    this.#ended = new Promise((resolve) => this.#process.once('close', () => resolve()))
    this.#process.once('error', (error) => this.#fail(error.message))
    this.#process.once('close', (code, signal) => this.#closed(code, signal))
    this.#process.stdin.on('error', () => {})
    this.#process.stderr.on('data', (text: Buffer) => {
      this.#stderr = (this.#stderr + text.toString()).slice(-STDERR_MAX)
    })
    createInterface({ input: this.#process.stdout }).on('line', (line) => this.#read(line))
  }

  /** Starts a program and resolves with it and what it said when it was ready. Rejects when it is not within 20 s. */
  static async start(name: string, command: readonly string[]): Promise<{ child: Child; ready: unknown }> {
    const child = new Child(name, command)
    try {
      return { child, ready: await child.#answer(START_PATIENCE) }
    } catch (error) {
      await child.stop()
      throw error
    }
  }

  /** Sends a line and resolves with the answer. Rejects when the child says `failed`, ends, or is silent for `patience` ms. */
  ask(line: string, patience: number): Promise<unknown> {
    const answer = this.#answer(patience)
    this.#process.stdin.write(`${line}\n`)
    return answer
  }

  /** How the child ended, if it does within a moment: the cause of whatever else failed just now. */
  async fate(): Promise<string | undefined> {
    await Promise.race([this.#ended, new Promise((resolve) => setTimeout(resolve, FATE_PATIENCE))])
    return this.#fate
  }

  /** Ends the child: by the end of its standard input, and by force when that does not do. */
  async stop(): Promise<void> {
    this.#process.stdin.end()
    const force = setTimeout(() => this.#process.kill('SIGKILL'), STOP_PATIENCE)
    await this.#ended
    clearTimeout(force)
  }

  #answer(patience: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#fail(`was silent for ${patience / 1000} s`), patience)
      this.#waiting = { resolve, reject, timer }
      if (!alive.has(this.#process)) this.#fail('had ended')
    })
  }

  #read(line: string): void {
    const space = line.indexOf(' ')
    const word = line.slice(0, space)
    if (word !== WORD.ready && word !== WORD.done && word !== WORD.failed) return
    const value: unknown = JSON.parse(line.slice(space + 1))
    if (word === WORD.failed) this.#fail((value as { message: string }).message)
    else this.#take()?.resolve(value)
  }

  #take(): Waiting | undefined {
    const waiting = this.#waiting
    this.#waiting = undefined
    clearTimeout(waiting?.timer)
    return waiting
  }

  #fail(message: string): void {
    this.#take()?.reject(new Error(this.#explain(message)))
  }

  #explain(message: string): string {
    const trail = this.#stderr.trim()
    return `${this.#name}: ${message}${trail === '' ? '' : `\n${trail}`}`
  }

  #closed(code: number | null, signal: string | null): void {
    alive.delete(this.#process)
    this.#fate = this.#explain(`ended with ${signal ?? `exit code ${code}`}`)
    this.#take()?.reject(new Error(this.#fate))
  }
}
