/** The Python backend in a process of its own, whose mood a test sets. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const here = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

export const MOODS = ['slow', 'hanging', 'dying', 'broken', 'busy', 'a page', 'long', 'moved'] as const
export type Mood = (typeof MOODS)[number] | 'well'

/** How long it is waited for without a word of it, in milliseconds: less than a test may take, so that it is known what it had told. */
const PATIENCE = 15_000

/** What it tells, one of these. */
interface Told {
  readonly port?: number
  readonly is?: Mood
  /** The path of a question, and the mood in which it came. */
  readonly asked?: string
  readonly mood?: Mood
}

export class BackendProcess {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #told: Told[] = []
  #news = (): void => {}
  /** What it wrote to its own log. */
  log = ''

  constructor(python: string, secret: string) {
    const args = [here('test/backend/faulty_backend.py'), here('docs/examples/backend')]
    const env = { ...process.env, MILLRACE_SECRET: secret, PYTHONDONTWRITEBYTECODE: '1' }
    this.#child = spawn(python, args, { env })
    createInterface(this.#child.stdout).on('line', (line) => {
      this.#told.push(JSON.parse(line))
      this.#news()
    })
    this.#child.stderr.on('data', (text) => {
      this.log += String(text)
    })
    this.#child.on('exit', () => this.#news())
  }

  /** Its address. */
  async url(): Promise<string> {
    const { port } = await this.#until(({ port }) => port !== undefined)
    return `http://127.0.0.1:${port}`
  }

  async become(mood: Mood): Promise<void> {
    const from = this.#told.length
    this.#child.stdin.write(`${mood}\n`)
    await this.#until(({ is }) => is === mood, { from })
  }

  /** Resolves when it was asked so often in a mood. */
  async asked(mood: Mood, { times = 1, path = '/millrace/auth' } = {}): Promise<void> {
    await this.#until((told) => told.mood === mood && told.asked === path, { times })
  }

  /** Paths of the questions it was asked so far. */
  get paths(): readonly string[] {
    return this.#told.flatMap(({ asked = [] }) => asked)
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exit = once(this.#child, 'exit')
    this.#child.kill()
    await exit
  }

  async #until(is: (told: Told) => boolean, { from = 0, times = 1 } = {}): Promise<Told> {
    for (;;) {
      const found = this.#told.slice(from).filter(is)
      const last = found[times - 1]
      if (last !== undefined) return last
      if (this.#child.exitCode !== null) throw new Error(`the backend ended: ${this.log}`)
      await new Promise<void>((resolve, reject) => {
        const told = (): string => JSON.stringify(this.#told.slice(-20))
        const late = setTimeout(
          () => reject(new Error(`the backend only told ${told()}, ${this.log}`)),
          PATIENCE,
        )
        this.#news = () => {
          clearTimeout(late)
          resolve()
        }
      })
    }
  }
}
