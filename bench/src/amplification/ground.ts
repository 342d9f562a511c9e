/** A server under attack, and attackers: processes of test/attacks, which say what they cost and what they did. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { pause } from '../common/clock.js'
import { parsePeak, parseResident } from '../harness/proc.js'

const ATTACKS = new URL('../../../test/attacks/', import.meta.url)
const SERVER = fileURLToPath(new URL('server.mjs', ATTACKS))
const ATTACKERS = fileURLToPath(new URL('attackers/main.mjs', ATTACKS))
/** Milliseconds that an attack may take beyond what it is meant to. */
const PATIENCE = 120_000

/** What the server says of itself. */
export interface Facts {
  /** Milliseconds of processor. */
  readonly cpu: number
  /** The same, of the longest turn of its event loop since it was asked. */
  readonly turn: number
  /** Errors and warnings in its log. */
  readonly faults: number
}

/** Bytes at the attackers' sockets. */
export interface Traffic {
  readonly sent: number
  readonly received: number
}

export interface Outcome {
  readonly ends?: Readonly<Record<string, number>>
  readonly codes?: Readonly<Record<string, number>>
  readonly seconds?: number
}

/** What is told of an attack while it goes on. */
export interface Watching {
  /** All that comes before is done. The attack begins when it resolves. */
  ready(): Promise<void>
  /** It is over, and those who attacked are still there. They leave when it resolves. */
  over(): Promise<void>
}

type Said =
  | { readonly ready: Traffic }
  | { readonly over: Record<string, Outcome>; readonly traffic: Traffic }

export class Ground {
  readonly #server: ChildProcess
  readonly #pid: number
  readonly port: number

  private constructor(server: ChildProcess, { pid, port }: { readonly pid: number; readonly port: number }) {
    this.#server = server
    this.#pid = pid
    this.port = port
  }

  /** `file`: the server's program, where it is not that of test/attacks as it is. */
  static async start(options: object, file = SERVER): Promise<Ground> {
    const server = fork(file, [JSON.stringify(options)], {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    try {
      return new Ground(server, (await heard(server)) as { pid: number; port: number })
    } catch (error) {
      server.kill('SIGKILL')
      throw error
    }
  }

  async facts(): Promise<Facts> {
    this.#server.send('facts')
    return (await heard(this.#server)) as Facts
  }

  /** Has it collect garbage. */
  async rest(): Promise<void> {
    this.#server.send('weigh')
    await heard(this.#server)
    await pause(50)
  }

  /** Bytes of memory, as the kernel counts them, and the most since `forgetPeak`. */
  memory(): { readonly resident: number; readonly peak: number } {
    const status = readFileSync(`/proc/${this.#pid}/status`, 'latin1')
    return { resident: parseResident(status), peak: parsePeak(status) }
  }

  /** Counts the peak of its memory afresh from now on (proc(5), clear_refs). */
  forgetPeak(): void {
    writeFileSync(`/proc/${this.#pid}/clear_refs`, '5')
  }

  /** Rejects when the attackers end without a word. */
  async attack(
    name: string,
    options: object,
    watching: Watching,
  ): Promise<{ readonly outcome: Outcome; readonly traffic: Traffic }> {
    const args = [String(this.port), JSON.stringify([[name, options]])]
    const child = fork(ATTACKERS, args, { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    const late = setTimeout(() => child.kill('SIGKILL'), PATIENCE)
    try {
      const before = (await heard(child)) as Said
      if (!('ready' in before)) throw new Error(`${name} did not wait until it was watched`)
      await watching.ready()
      child.send('go')
      const after = (await heard(child)) as Said
      if (!('over' in after)) throw new Error(`${name} was ready twice`)
      await watching.over()
      child.send('leave')
      await once(child, 'exit')
      return {
        outcome: after.over[name] ?? {},
        traffic: {
          sent: after.traffic.sent - before.ready.sent,
          received: after.traffic.received - before.ready.received,
        },
      }
    } finally {
      clearTimeout(late)
      child.kill('SIGKILL')
    }
  }

  async stop(): Promise<void> {
    if (this.#server.exitCode !== null || this.#server.signalCode !== null) return
    const gone = once(this.#server, 'exit')
    this.#server.kill('SIGKILL')
    await gone
  }
}

/** The next thing that a process says. Rejects when it ends instead. */
async function heard(child: ChildProcess): Promise<unknown> {
  const over = new AbortController()
  const { signal } = over
  try {
    const ended = once(child, 'exit', { signal }).then(([code, by]) => {
      throw new Error(`${child.spawnargs[1]} ended with ${by ?? `exit code ${code}`}`)
    })
    const said = once(child, 'message', { signal }).then(([message]) => message as unknown)
    return await Promise.race([said, ended])
  } finally {
    over.abort()
  }
}
