/**
 * Chromium over its own protocol (https://chromedevtools.github.io/devtools-protocol/). Playwright has every page believe that it is seen,
 * so pages behind others, with the timers that browsers leave those, are had only without it.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WebSocket } from 'ws'

const START_WITHIN = 30_000

const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--remote-debugging-port=0',
  // A page that is not seen has its timers run once a minute, as browsers do after some minutes.
  '--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/1',
]

interface Reply {
  readonly id?: number
  readonly result?: unknown
  readonly error?: { readonly message: string }
}
type Waiting = { readonly resolve: (result: unknown) => void; readonly reject: (error: Error) => void }

export class DevTools {
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

  static async launch(path: string): Promise<DevTools> {
    const profile = mkdtempSync(join(tmpdir(), 'chromium-'))
    const child = spawn(path, [...FLAGS, `--user-data-dir=${profile}`, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const socket = new WebSocket(await endpointOf(child))
    await once(socket, 'open')
    return new DevTools(child, socket, profile)
  }

  /** A tab in front of those that there are. */
  async open(url: string): Promise<Tab> {
    const { targetId } = (await this.send('Target.createTarget', { url })) as { targetId: string }
    const { sessionId } = (await this.send('Target.attachToTarget', { targetId, flatten: true })) as {
      sessionId: string
    }
    return new Tab(this, targetId, sessionId)
  }

  send(method: string, params: object, sessionId?: string): Promise<unknown> {
    const id = ++this.#ids
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }))
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
  }

  /** Stops or continues all of its processes, as a machine does that goes to sleep. */
  signal(signal: 'SIGSTOP' | 'SIGCONT', pids: readonly number[]): void {
    for (const pid of pids) process.kill(pid, signal)
  }

  async pids(): Promise<readonly number[]> {
    const { processInfo } = (await this.send('SystemInfo.getProcessInfo', {})) as {
      processInfo: readonly { readonly id: number }[]
    }
    return processInfo.map(({ id }) => id)
  }

  async close(): Promise<void> {
    const ended = once(this.#process, 'exit')
    // Its children write to the profile until they are told to end.
    await this.send('Browser.close', {})
    await ended
    this.#socket.close()
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
  }

  #answered({ id, result, error }: Reply): void {
    const waiting = this.#waiting.get(id ?? 0)
    this.#waiting.delete(id ?? 0)
    if (error === undefined) waiting?.resolve(result)
    else waiting?.reject(new Error(error.message))
  }
}

export class Tab {
  readonly #browser: DevTools
  readonly #target: string
  readonly #session: string

  constructor(browser: DevTools, target: string, session: string) {
    this.#browser = browser
    this.#target = target
    this.#session = session
  }

  /** The value of an expression, as JSON has it. */
  async evaluate<T>(expression: string): Promise<T> {
    const params = { expression, returnByValue: true, awaitPromise: true }
    const { result, exceptionDetails } = (await this.#send('Runtime.evaluate', params)) as {
      result: { value: T }
      exceptionDetails?: { text: string }
    }
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${exceptionDetails.text}`)
    return result.value
  }

  /** Brings it to the front: those that were there are hidden. */
  async show(): Promise<void> {
    await this.#browser.send('Target.activateTarget', { targetId: this.#target })
  }

  /** Stops everything in it, or lets it go on. Only what is hidden can be frozen. */
  async freeze(): Promise<void> {
    await this.#send('Page.setWebLifecycleState', { state: 'frozen' })
  }
  async thaw(): Promise<void> {
    await this.#send('Page.setWebLifecycleState', { state: 'active' })
  }

  #send(method: string, params: object): Promise<unknown> {
    return this.#browser.send(method, params, this.#session)
  }
}

/** Chromium prints where it listens. */
async function endpointOf(child: ChildProcess): Promise<string> {
  let output = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    output += chunk
  })
  const deadline = Date.now() + START_WITHIN
  for (;;) {
    const found = /DevTools listening on (ws:\/\/\S+)/.exec(output)?.[1]
    if (found !== undefined) return found
    if (Date.now() > deadline || child.exitCode !== null)
      throw new Error(`Chromium did not start:\n${output}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
