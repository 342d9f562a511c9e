/**
 * Firefox as Debian ships it, over WebDriver BiDi. Playwright drives builds of its own, and its BiDi mode asks every
 * Firefox for a command that this one does not know (`emulation.setMediaFeaturesOverride`), so this is a small client of
 * our own: https://w3c.github.io/webdriver-bidi/.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Remote } from './remote.js'

const SCREENS = fileURLToPath(new URL('../../../.screens/', import.meta.url))
const SEE_WITHIN = 20_000

// Nothing of a profile may go out: no updates, no studies, no captive portal checks.
const OFF = [
  'app.normandy.enabled',
  'app.update.auto',
  'network.captive-portal-service.enabled',
  'network.connectivity-service.enabled',
  'browser.safebrowsing.update.enabled',
]

function flags(profile: string): readonly string[] {
  writeFileSync(join(profile, 'user.js'), OFF.map((name) => `user_pref("${name}", false);\n`).join(''))
  return ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0']
}

export class Firefox {
  readonly #remote: Remote

  private constructor(remote: Remote) {
    this.#remote = remote
  }

  static async launch(path: string): Promise<Firefox> {
    const listens = /WebDriver BiDi listening on (ws:\/\/\S+)/
    const firefox = new Firefox(await Remote.launch({ path, flags, listens, below: '/session' }))
    await firefox.send('session.new', { capabilities: {} })
    return firefox
  }

  /** A window with cookies and storage of its own. */
  async open(): Promise<FirefoxPage> {
    const { userContext } = (await this.send('browser.createUserContext', {})) as { userContext: string }
    const { context } = (await this.send('browsingContext.create', { type: 'window', userContext })) as {
      context: string
    }
    await this.send('browsingContext.setViewport', { context, viewport: { width: 1280, height: 800 } })
    return new FirefoxPage(this, context)
  }

  send(method: string, params: object): Promise<unknown> {
    return this.#remote.send(method, params)
  }

  close(): Promise<void> {
    return this.#remote.close()
  }
}

/** What the page shows, a line for each element, those in shadows included. Runs in the page. */
function shownText(): string {
  const below = (root: ParentNode): Element[] =>
    [...root.querySelectorAll('*')].flatMap((element) => [
      element,
      ...(element.shadowRoot ? below(element.shadowRoot) : []),
    ])
  return below(document.body)
    .filter((element) => element.checkVisibility())
    .map((element) => [...element.childNodes].filter(({ nodeType }) => nodeType === 3))
    .map((texts) => texts.map(({ textContent }) => textContent).join(''))
    .join('\n')
}

/** The middle of what has this name, scrolled into view. Runs in the page. */
function placeOf(wanted: string): { readonly x: number; readonly y: number } | null {
  const named = (element: Element): string =>
    `${element.getAttribute('aria-label') ?? ''} ${element.textContent ?? ''} ${(element as HTMLInputElement).labels?.[0]?.textContent ?? ''}`
  const below = (root: ParentNode): Element[] =>
    [...root.querySelectorAll('*')].flatMap((element) => [
      element,
      ...(element.shadowRoot ? below(element.shadowRoot) : []),
    ])
  const found = below(document.body)
    .filter((element) => element.matches('button, a, input, textarea, [role="option"], [role="menuitem"]'))
    .filter((element) => element.checkVisibility())
    .find((element) => named(element).includes(wanted))
  if (found === undefined) return null
  found.scrollIntoView({ block: 'nearest' })
  const box = found.getBoundingClientRect()
  return { x: Math.round(box.x + box.width / 2), y: Math.round(box.y + box.height / 2) }
}

/** Keys that have no character, as WebDriver writes them. */
const KEYS = { Enter: '\uE007', Escape: '\uE00C', Tab: '\uE004' } as const

export class FirefoxPage {
  readonly #firefox: Firefox
  readonly #context: string

  constructor(firefox: Firefox, context: string) {
    this.#firefox = firefox
    this.#context = context
  }

  async goto(url: string): Promise<void> {
    await this.#firefox.send('browsingContext.navigate', { context: this.#context, url, wait: 'complete' })
  }
  async reload(): Promise<void> {
    await this.#firefox.send('browsingContext.reload', { context: this.#context, wait: 'complete' })
  }

  /** Runs a function in the page; it can use its arguments and nothing else from here. */
  async evaluate<R, A extends readonly (string | number)[]>(run: (...args: A) => R, ...args: A): Promise<R> {
    const answer = (await this.#firefox.send('script.callFunction', {
      functionDeclaration: `(...args) => JSON.stringify((${run.toString()})(...args) ?? null)`,
      arguments: args.map((value) => ({ type: typeof value, value })),
      target: { context: this.#context },
      awaitPromise: false,
    })) as { type: string; result?: { value: string }; exceptionDetails?: { text: string } }
    if (answer.result === undefined) throw new Error(answer.exceptionDetails?.text ?? 'The script failed')
    return JSON.parse(answer.result.value) as R
  }

  /** Waits until the page shows this text. */
  async sees(text: string): Promise<void> {
    const deadline = Date.now() + SEE_WITHIN
    for (let shown = ''; !shown.includes(text); shown = await this.evaluate(shownText)) {
      if (Date.now() > deadline) throw new Error(`Firefox does not show '${text}' but:\n${shown}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  /** Presses what has this name, as soon as it is there: a button, a link, an option or a field. */
  async press(name: string): Promise<void> {
    const deadline = Date.now() + SEE_WITHIN
    let at = await this.evaluate(placeOf, name)
    for (; at === null; at = await this.evaluate(placeOf, name)) {
      if (Date.now() > deadline) {
        throw new Error(`Firefox shows nothing named '${name}' but:\n${await this.evaluate(shownText)}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    await this.#act({
      type: 'pointer',
      id: 'mouse',
      actions: [
        { type: 'pointerMove', ...at },
        { type: 'pointerDown', button: 0 },
        { type: 'pointerUp', button: 0 },
      ],
    })
  }

  /** Types into what has the focus, key by key. */
  async type(text: string, ...keys: (keyof typeof KEYS)[]): Promise<void> {
    const strokes = [...text, ...keys.map((key) => KEYS[key])]
    const actions = strokes.flatMap((value) => [
      { type: 'keyDown', value },
      { type: 'keyUp', value },
    ])
    await this.#act({ type: 'key', id: 'keyboard', actions })
  }

  async screenshot(name: string): Promise<void> {
    const { data } = (await this.#firefox.send('browsingContext.captureScreenshot', {
      context: this.#context,
    })) as { data: string }
    mkdirSync(SCREENS, { recursive: true })
    writeFileSync(join(SCREENS, `${name}.png`), Buffer.from(data, 'base64'))
  }

  async #act(source: object): Promise<void> {
    await this.#firefox.send('input.performActions', { context: this.#context, actions: [source] })
  }
}
