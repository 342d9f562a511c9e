/** The receiver of the examples in a process of its own, which dies when a test says so. */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { WebhookEvent } from '@millrace/server'

const here = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const EXAMPLES = here('docs/examples/backend')

/** At which request it dies, and whether it has kept the events by then. */
export type Death = readonly ['kept' | 'unkept', number]

interface Told {
  readonly port?: number
  /** What it answered to the message of this id. */
  readonly status?: number
  readonly id?: string
}

export class ReceiverProcess {
  readonly #python: string
  readonly #file: string
  readonly #child: ChildProcessWithoutNullStreams
  readonly #exit: Promise<unknown>
  readonly #told: Told[] = []
  #news = (): void => {}
  /** What it wrote to its own log. */
  log = ''

  constructor(
    python: string,
    how: { readonly secret: string; readonly file: string; readonly port?: number; readonly death?: Death },
  ) {
    this.#python = python
    this.#file = how.file
    const death = (how.death ?? []).map(String)
    const args = [
      here('test/webhooks/dying_receiver.py'),
      EXAMPLES,
      String(how.port ?? 0),
      how.file,
      ...death,
    ]
    const env = { ...process.env, MILLRACE_SECRET: how.secret, PYTHONDONTWRITEBYTECODE: '1' }
    this.#child = spawn(python, args, { env })
    createInterface(this.#child.stdout).on('line', (line) => {
      this.#told.push(JSON.parse(line))
      this.#news()
    })
    this.#child.stderr.on('data', (text) => {
      this.log += String(text)
    })
    this.#exit = once(this.#child, 'exit').then(() => this.#news())
  }

  async port(): Promise<number> {
    return (await this.#until(({ port }) => port !== undefined)).port ?? 0
  }

  /** Resolves when it has answered so. */
  async answered(status: number): Promise<void> {
    await this.#until((told) => told.status === status)
  }

  /** Resolves when it has died as it was told to. */
  async death(): Promise<void> {
    await this.#exit
  }

  /** What it has kept, in the order in which it came. */
  kept(): readonly WebhookEvent[] {
    const program =
      'import sqlite3, sys\nfor row in sqlite3.connect(sys.argv[1]).execute("select event from events order by number"): print(row[0])'
    const { stdout, stderr } = spawnSync(this.#python, ['-c', program, this.#file], { encoding: 'utf8' })
    if (stderr !== '') throw new Error(stderr)
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exit
  }

  async #until(is: (told: Told) => boolean): Promise<Told> {
    for (;;) {
      const found = this.#told.find(is)
      if (found !== undefined) return found
      if (this.#child.exitCode !== null) throw new Error(`the receiver ended: ${this.log}`)
      await new Promise<void>((resolve) => {
        this.#news = resolve
      })
    }
  }
}
