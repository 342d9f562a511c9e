/** A process of a run that serves the harness by obey.ts: started, spoken to, watched from outside, stopped. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Child } from '../harness/child.js'
import { cpuOf, parsePeak, parseResident } from '../harness/proc.js'

/** What an answer may take beyond the time it is expected to, in milliseconds. */
const PATIENCE = 60_000

/** What every process says when it is ready. */
export interface Ready {
  readonly pid: number
  readonly runtime: string
}

/** What every server says when it is ready. */
export interface ServerReady extends Ready {
  readonly port: number
  /** Name and version of what is measured. */
  readonly version: string
  /** Settings that differ from the defaults. */
  readonly settings?: readonly string[]
}

/** Bytes, as the kernel counts them. */
export interface Memory {
  readonly resident: number
  readonly peak: number
}

export interface ProgramSetup {
  /** Given on its command line, as JSON. */
  readonly setup?: object
  /** Flags of Node. */
  readonly flags?: readonly string[]
  /** The command that starts it, such as one that keeps it on a core. */
  readonly prefix?: readonly string[]
}

/** What a server needs so that it can be told to collect garbage. */
export const COLLECTABLE = ['--expose-gc'] as const

/** `Command`: what it is asked, `Said`: what it says when it is ready. */
export class Program<Command, Said extends Ready = Ready> {
  readonly ready: Said
  readonly #child: Child

  private constructor(ready: Said, child: Child) {
    this.ready = ready
    this.#child = child
  }

  /** `file` is the compiled program without its ending, below the folder `programs`. */
  static async start<Command, Said extends Ready = Ready>(
    programs: URL,
    file: string,
    { setup = {}, flags = [], prefix = [] }: ProgramSetup = {},
  ): Promise<Program<Command, Said>> {
    const program = fileURLToPath(new URL(`${file}.js`, programs))
    const command = [...prefix, process.execPath, ...flags, program, JSON.stringify(setup)]
    const { child, ready } = await Child.start(file, command)
    return new Program<Command, Said>(ready as Said, child)
  }

  /** Resolves with the answer to what should take about so many milliseconds. */
  ask(command: Command, ms = 0): Promise<unknown> {
    return this.#child.ask(JSON.stringify(command), ms + PATIENCE)
  }

  /** Seconds of CPU time since it started. */
  cpu(): number {
    return cpuOf(this.ready.pid)
  }

  memory(): Memory {
    const status = readFileSync(`/proc/${this.ready.pid}/status`, 'latin1')
    return { resident: parseResident(status), peak: parsePeak(status) }
  }

  /** Counts the peak of its memory afresh from now on (proc(5), clear_refs). */
  forgetPeak(): void {
    writeFileSync(`/proc/${this.ready.pid}/clear_refs`, '5')
  }

  stop(): Promise<void> {
    return this.#child.stop()
  }
}

/** What is started together is stopped together: also when one of them does not start. */
export class Programs {
  readonly #folder: URL
  readonly #started: { stop(): Promise<void> }[] = []

  private constructor(folder: URL) {
    this.#folder = folder
  }

  /** `set` starts programs of the folder. When it fails, none is left. */
  static async start<World>(folder: URL, set: (programs: Programs) => Promise<World>): Promise<World> {
    const programs = new Programs(folder)
    try {
      return await set(programs)
    } catch (error) {
      await programs.stop()
      throw error
    }
  }

  async start<Command, Said extends Ready = Ready>(
    file: string,
    how?: ProgramSetup,
  ): Promise<Program<Command, Said>> {
    const program = await Program.start<Command, Said>(this.#folder, file, how)
    this.#started.push(program)
    return program
  }

  /** What was started last, the clients, is told first. */
  async stop(): Promise<void> {
    await Promise.all(this.#started.toReversed().map((program) => program.stop()))
  }
}
