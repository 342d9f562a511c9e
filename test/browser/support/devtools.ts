/**
 * Chromium over its own protocol (https://chromedevtools.github.io/devtools-protocol/). Playwright has every page believe that it is seen,
 * so pages behind others, with the timers that browsers leave those, are had only without it.
 */
import { Remote } from './remote.js'

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

export class DevTools {
  readonly #remote: Remote

  private constructor(remote: Remote) {
    this.#remote = remote
  }

  static async launch(path: string): Promise<DevTools> {
    const flags = (profile: string) => [...FLAGS, `--user-data-dir=${profile}`]
    const remote = await Remote.launch({ path, flags, listens: /DevTools listening on (ws:\/\/\S+)/ })
    return new DevTools(remote)
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
    return this.#remote.send(method, params, sessionId)
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

  /** Its children write to the profile until they are told to end. */
  close(): Promise<void> {
    return this.#remote.close('Browser.close')
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
