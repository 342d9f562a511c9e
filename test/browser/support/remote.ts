/** A browser in a process of its own, spoken to over a WebSocket in numbered requests: what DevTools and WebDriver BiDi have in common. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WebSocket } from 'ws'

const START_WITHIN = 30_000

interface Reply {
  readonly id?: number
  readonly result?: unknown
  /** WebDriver BiDi has the error's name here and its message beside it. */
  readonly error?: string | { readonly message: string }
  readonly message?: string
}
type Waiting = { readonly resolve: (result: unknown) => void; readonly reject: (error: Error) => void }

export interface Launch {
  /** Of the program. */
  readonly path: string
  /** Its flags, for a profile in this new folder. */
  flags(profile: string): readonly string[]
  /** How it prints where it listens. */
  readonly listens: RegExp
  /** What to ask for there, below what it prints. Default nothing. */
  readonly below?: string
}

export class Remote {
  readonly #process: ChildProcess
  readonly #socket: WebSocket
  readonly #profile: string
  readonly #waiting = new Map<number, Waiting>()
  #ids = 0

  private constructor(process: ChildProcess, socket: WebSocket, profile: string) {
    this.#process = process
    this.#socket = socket
    this.#profile = profile
    socket.on('message', (data) => this.#answered(JSON.parse(String(data)) as Reply))
  }

  static async launch({ path, flags, listens, below = '' }: Launch): Promise<Remote> {
    const profile = mkdtempSync(join(tmpdir(), 'browser-'))
    const child = spawn(path, [...flags(profile), 'about:blank'], { stdio: ['ignore', 'ignore', 'pipe'] })
    const socket = new WebSocket(`${await endpointOf(child, listens)}${below}`)
    await once(socket, 'open')
    return new Remote(child, socket, profile)
  }

  send(method: string, params: object, sessionId?: string): Promise<unknown> {
    const id = ++this.#ids
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }))
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
  }

  /** Ends it: by a request where there is one that lets it end its children first. */
  async close(method?: string): Promise<void> {
    const ended = once(this.#process, 'exit')
    if (method === undefined) this.#process.kill()
    else await this.send(method, {})
    if (this.#process.exitCode === null && this.#process.signalCode === null) await ended
    this.#socket.close()
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
  }

  #answered({ id, result, error, message }: Reply): void {
    const waiting = this.#waiting.get(id ?? 0)
    this.#waiting.delete(id ?? 0)
    if (error === undefined) waiting?.resolve(result)
    else waiting?.reject(new Error(typeof error === 'string' ? `${error}: ${message}` : error.message))
  }
}

async function endpointOf(child: ChildProcess, listens: RegExp): Promise<string> {
  let output = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    output += chunk
  })
  const deadline = Date.now() + START_WITHIN
  for (;;) {
    const found = listens.exec(output)?.[1]
    if (found !== undefined) return found
    if (Date.now() > deadline || child.exitCode !== null)
      throw new Error(`The browser did not start:\n${output}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
