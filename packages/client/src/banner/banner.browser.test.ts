/**
 * The banner in real browsers, on a page whose policy allows nothing inline: every state in both schemes with a screenshot, contrast as
 * computed, the keyboard, what a screen reader is told, and the life of the element. Chromium's clock is moved by the test.
 */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { build } from 'esbuild'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium, screenshot } from '../../../../test/browser/support/browser.js'
import { Firefox } from '../../../../test/browser/support/firefox.js'
import { tool } from '../../../../test/support/tools.js'
import type { BannerElement } from './element.js'

/** What the page's script offers to the test. */
interface PageScript {
  readonly banner: BannerElement
  /** The client's next state. `inMs`: when the next attempt is due. */
  comes(state: { readonly name: string; readonly [field: string]: unknown }, inMs?: number): void
  define(name?: string): void
  scripted(): unknown
  /** How often the client was told to connect, and how many listen to it. */
  readonly connects: number
  readonly listeners: number
  /** What the live region said, and what the policy forbade. */
  readonly said: readonly string[]
  readonly violations: readonly string[]
}
declare global {
  interface Window {
    bannerPage: PageScript
  }
}

const SCRIPT = `
  import { defineBanner } from '@millrace/client/banner'
  class Scripted {
    state = { name: 'closed', since: Date.now(), reason: 'not used yet' }
    connects = 0
    heard = new Set()
    on(event, listener) { this.heard.add(listener); return () => this.heard.delete(listener) }
    async connect() {
      this.connects++
      // As the real one: an attempt begins at once.
      if ('reconnecting offline'.includes(this.state.name)) this.comes({ name: this.state.name })
    }
    comes(state, inMs) {
      const retryAt = inMs === undefined ? {} : { retryAt: Date.now() + inMs }
      this.state = { since: Date.now(), reason: '', attempt: 1, ...state, ...retryAt }
      for (const listener of this.heard) listener()
    }
  }
  const violations = []
  document.addEventListener('securitypolicyviolation', (event) => violations.push(event.violatedDirective))
  const client = new Scripted()
  const banner = document.querySelector('millrace-banner')
  if (location.hash !== '#late') defineBanner()
  banner.client = client
  const said = []
  const status = banner.shadowRoot?.querySelector('[role=status]')
  if (status) new MutationObserver((changes) => {
    for (const { target, addedNodes } of changes) if (addedNodes.length) said.push(target.textContent)
  }).observe(status, { childList: true, characterData: true, subtree: true })
  window.bannerPage = {
    banner, said, violations, define: defineBanner,
    scripted: () => new Scripted(),
    comes: (state, inMs) => client.comes(state, inMs),
    get connects() { return client.connects },
    get listeners() { return client.heard.size },
  }
`

const HTML = `<!doctype html><html lang="en"><head><title>banner</title><meta charset="utf-8">
  <meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/page.css"></head>
  <body><main><input aria-label="Before"><millrace-banner></millrace-banner><input aria-label="After"></main>
  <script type="module" src="/page.js"></script></body></html>`
const STYLE = `:root{color-scheme:light dark;font:1rem/1.5 sans-serif}body{margin:1rem}main{display:grid;gap:.75rem}
  input{font:inherit;padding:.375rem;min-width:0}`
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; require-trusted-types-for 'script'"

/** When Chromium's clock begins, in milliseconds since 1970. */
const START = 1_800_000_000_000

/** Each state that is shown: how it comes, what is seen of it, and what the button says. */
const STATES = [
  ['connecting', { name: 'connecting' }, undefined, 'Connecting…', 'Try now'],
  ['not connected yet', { name: 'connecting' }, 9000, 'Connecting… Trying again in 8 s', 'Try now'],
  ['waiting', { name: 'reconnecting' }, 9000, 'Connection lost. Trying again in 8 s', 'Try now'],
  ['trying', { name: 'reconnecting' }, undefined, 'Connection lost. Trying to reconnect…', 'Try now'],
  ['offline', { name: 'offline' }, 9000, 'You are offline', 'Try now'],
  [
    'degraded',
    { name: 'degraded', reason: 'No connection by WebSocket' },
    undefined,
    'Updates may be slow: No connection by WebSocket',
    'Check for updates',
  ],
  [
    'closed',
    { name: 'closed', code: 4500, reason: 'The token was not accepted' },
    undefined,
    'Disconnected: The token was not accepted',
    'Connect again',
  ],
  ['recovered', { name: 'connected' }, undefined, 'Connected again', ''],
] as const

async function serve(): Promise<{ server: Server; url: string }> {
  const { outputFiles } = await build({
    stdin: { contents: SCRIPT, resolveDir: import.meta.dirname },
    conditions: ['millrace:source'],
    bundle: true,
    format: 'esm',
    write: false,
  })
  const files: Record<string, readonly [type: string, body: string]> = {
    '/': ['text/html', HTML],
    '/page.css': ['text/css', STYLE],
    '/page.js': ['text/javascript', outputFiles[0]?.text ?? ''],
  }
  const server = createServer(({ url = '/' }, response) => {
    const [type, body] = files[url] ?? ['text/plain', '']
    response.setHeader('content-type', `${type}; charset=utf-8`)
    response.setHeader('content-security-policy', POLICY)
    response.end(body)
  }).listen(0, 'localhost')
  await once(server, 'listening')
  return { server, url: `http://localhost:${(server.address() as AddressInfo).port}/` }
}

/** What can be seen: the words, the button, and all contrasts with what each must have at least. Runs in the page. */
function seen(): {
  text: string
  button: string
  contrasts: Record<string, readonly [is: number, must: number]>
} {
  const root = window.bannerPage.banner.shadowRoot
  const box = root?.querySelector('div')
  const text = root?.querySelector('p')
  const button = root?.querySelector('button')
  if (!box || !text || !button) throw new Error('The banner has no such parts')
  const shown = text.textContent?.replace(/\s+/g, ' ').trim() ?? ''
  if (shown === '')
    return { text: '', button: button.checkVisibility() ? button.textContent : '', contrasts: {} }
  const luminance = (colour: string): number => {
    const [r = 0, g = 0, b = 0] = (colour.match(/[\d.]+/g) ?? [])
      .map((value) => Number(value) / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const paper = luminance(getComputedStyle(box).backgroundColor)
  const ratio = (colour: string): number => {
    const ink = luminance(colour)
    return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05)
  }
  const contrasts: Record<string, readonly [number, number]> = {
    text: [ratio(getComputedStyle(text).color), 4.5],
    dot: [ratio(getComputedStyle(box, '::before').borderTopColor), 3],
  }
  if (button.checkVisibility()) {
    contrasts['button'] = [ratio(getComputedStyle(button).color), 4.5]
    contrasts['edge'] = [ratio(getComputedStyle(button).borderTopColor), 3]
  }
  return { text: shown, button: button.checkVisibility() ? (button.textContent ?? '') : '', contrasts }
}

let server: Server
let url = ''
beforeAll(async () => {
  ;({ server, url } = await serve())
})
afterAll(() => {
  server?.close()
})

const chromium = tool.chromium()

describe.skipIf(chromium === undefined)('the banner in Chromium', { timeout: 60_000 }, () => {
  let browser: Browser
  let context: BrowserContext
  let page: Page
  beforeAll(async () => {
    browser = await launchChromium(chromium ?? '')
  })
  afterAll(() => browser?.close())
  afterEach(async () => {
    expect(await page.evaluate(() => window.bannerPage.violations)).toEqual([])
    await context.close()
  })

  async function opens(options: BrowserContextOptions = {}, hash = ''): Promise<void> {
    context = await browser.newContext({ viewport: { width: 800, height: 176 }, ...options })
    page = await context.newPage()
    await page.clock.install({ time: START })
    await page.goto(url + hash)
    await page.waitForFunction(() => window.bannerPage !== undefined)
    await page.clock.pauseAt(START + 60_000)
  }
  const comes = (state: { readonly name: string }, inMs?: number): Promise<void> =>
    page.evaluate(([state, inMs]) => window.bannerPage.comes(state, inMs), [state, inMs] as const)
  const passes = (ms: number): Promise<void> => page.clock.runFor(ms)
  const text = async (): Promise<string> => (await page.evaluate(seen)).text
  const focused = (): Promise<string> =>
    page.evaluate(() => {
      const { activeElement } = document
      const inside = activeElement?.shadowRoot?.activeElement
      return inside?.textContent ?? activeElement?.getAttribute('aria-label') ?? 'nothing'
    })
  /** Brings a trouble to the screen, and what comes after it. */
  async function shows(state: { readonly name: string }, inMs?: number): Promise<void> {
    if (state.name === 'connected') await shows({ name: 'reconnecting' }, 9000)
    await comes(state, inMs)
    await passes(state.name === 'connected' ? 100 : 1000)
  }

  describe.each(['light', 'dark'] as const)('in a %s scheme', (colorScheme) => {
    it.each(STATES)('shows %s in one line, and can be read', async (name, state, inMs, words, button) => {
      await opens({ colorScheme })
      await shows(state, inMs)
      await screenshot(page, `banner-${name}-${colorScheme}`)
      const found = await page.evaluate(seen)
      expect(found).toMatchObject({ text: words, button })
      for (const [what, [is, must]] of Object.entries(found.contrasts)) expect(is, what).toBeGreaterThan(must)
      expect(await page.evaluate(() => window.bannerPage.banner.offsetHeight)).toBeLessThan(50)
    })

    it('is as high as its text on a phone, and follows a page that chooses the other scheme', async () => {
      await opens({ colorScheme, viewport: { width: 320, height: 200 } })
      await shows({ name: 'degraded', reason: 'No connection by WebSocket' } as { name: string })
      await screenshot(page, `banner-narrow-${colorScheme}`)
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320)
      const height = await page.evaluate(
        () => window.bannerPage.banner.shadowRoot?.querySelector('p')?.offsetHeight,
      )
      // Two lines of text, and no empty one for the note that is not there.
      expect(height).toBeLessThan(50)
      const paper = (): Promise<string> =>
        page.evaluate(() => {
          const box = window.bannerPage.banner.shadowRoot?.querySelector('div')
          return box ? getComputedStyle(box).backgroundColor : ''
        })
      const before = await paper()
      await page.evaluate(
        (scheme) => window.bannerPage.banner.style.setProperty('color-scheme', scheme),
        colorScheme === 'light' ? 'dark' : 'light',
      )
      expect(await paper()).not.toBe(before)
    })
  })

  it('takes no room while it has nothing to say', async () => {
    await opens()
    const height = (): Promise<number> => page.evaluate(() => window.bannerPage.banner.offsetHeight)
    expect([await text(), await height()]).toEqual(['', 0])
    // What is read out has its place before it has words: one that comes with them may stay unheard.
    const devtools = await context.newCDPSession(page)
    const { nodes } = await devtools.send('Accessibility.getFullAXTree')
    expect(nodes.filter(({ role, ignored }) => role?.value === 'status' && !ignored)).toHaveLength(1)
    await shows({ name: 'reconnecting' }, 9000)
    expect(await height()).toBeGreaterThan(40)
    await comes({ name: 'connected' })
    await passes(2100)
    expect([await text(), await height()]).toEqual(['', 0])
  })

  it('counts down, and reads out none of the seconds: only what is lost, what was asked for, and what is found again', async () => {
    await opens()
    await shows({ name: 'reconnecting' }, 6000)
    for (const seconds of [5, 4, 3]) {
      expect(await text()).toBe(`Connection lost. Trying again in ${seconds} s`)
      await passes(1000)
    }
    const said = (): Promise<readonly string[]> => page.evaluate(() => window.bannerPage.said)
    expect(await said()).toEqual(['Connection lost.'])
    await page.getByRole('button', { name: 'Try now' }).click()
    await passes(1000)
    await comes({ name: 'reconnecting' }, 5000)
    await passes(1000)
    await comes({ name: 'connected' })
    await passes(5000)
    expect(await said()).toEqual(['Connection lost.', 'Trying to reconnect…', 'Connected again'])
    expect(await page.evaluate(() => window.bannerPage.connects)).toBe(1)
    const status = page.getByRole('status')
    expect(await status.getAttribute('aria-live')).toBe('polite')
  })

  it('says nothing of what is over within a second, or within the delay it is given', async () => {
    await opens()
    await comes({ name: 'reconnecting' }, 500)
    await passes(900)
    await comes({ name: 'connected' })
    await passes(5000)
    expect(await page.evaluate(() => window.bannerPage.said)).toEqual([])
    await page.evaluate(() => {
      window.bannerPage.banner.delay = 0
    })
    await comes({ name: 'offline' })
    await passes(10)
    expect(await text()).toBe('You are offline')
    const refused = await page.evaluate(() => {
      try {
        window.bannerPage.banner.delay = Number.NaN
        return ''
      } catch (error) {
        return String(error)
      }
    })
    expect(refused).toBe('TypeError: delay must be milliseconds, not NaN')
  })

  describe('the keyboard', () => {
    it('comes to the button with Tab, sees it, and presses it; other keys and the page keep their focus', async () => {
      await opens()
      await page.getByLabel('Before').focus()
      await shows({ name: 'reconnecting' }, 9000)
      expect(await focused()).toBe('Before')
      await page.keyboard.press('Tab')
      expect(await focused()).toBe('Try now')
      await screenshot(page, 'banner-focus')
      const outline = await page.evaluate(() => {
        const button = window.bannerPage.banner.shadowRoot?.querySelector('button')
        return button ? getComputedStyle(button).outlineStyle : ''
      })
      expect(outline).toBe('solid')
      await page.keyboard.press('Enter')
      await page.keyboard.press('Space')
      expect(await page.evaluate(() => window.bannerPage.connects)).toBe(2)
      await page.keyboard.press('Tab')
      expect(await focused()).toBe('After')
    })

    it('stays on the button while troubles follow each other, and goes back where it was when all is well', async () => {
      await opens()
      await page.getByLabel('After').focus()
      await shows({ name: 'closed', code: 4500 } as { name: string })
      await page.keyboard.press('Shift+Tab')
      expect(await focused()).toBe('Connect again')
      await page.keyboard.press('Enter')
      await comes({ name: 'connecting' })
      await passes(100)
      expect(await focused()).toBe('Try now')
      await comes({ name: 'degraded' })
      await passes(100)
      expect(await focused()).toBe('Check for updates')
      await comes({ name: 'connected' })
      await passes(100)
      expect(await focused()).toBe('After')
    })

    it('goes on from the same place when it came from nowhere, or from what is gone', async () => {
      await opens()
      await page.getByLabel('Before').focus()
      await shows({ name: 'reconnecting' }, 9000)
      await page.keyboard.press('Tab')
      await page.evaluate(() => document.querySelector('[aria-label=Before]')?.remove())
      await comes({ name: 'connected' })
      await passes(100)
      expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('MILLRACE-BANNER')
      await passes(3000)
      await page.keyboard.press('Tab')
      expect(await focused()).toBe('After')
    })

    it('asks for updates, and is told that it was asked and answered', async () => {
      await opens()
      await shows({ name: 'degraded', reason: 'why' } as { name: string })
      await page.getByRole('button', { name: 'Check for updates' }).press('Enter')
      await passes(100)
      expect(await text()).toBe('Updates may be slow: why Checking…')
      await comes({ name: 'degraded', reason: 'why' } as { name: string })
      await passes(100)
      expect(await text()).toBe('Updates may be slow: why Checked just now')
      await screenshot(page, 'banner-checked')
      await passes(2000)
      expect(await text()).toBe('Updates may be slow: why')
      expect(await page.evaluate(() => window.bannerPage.said)).toEqual([
        'Updates may be slow: why',
        'Checking…',
        'Checked just now',
      ])
    })
  })

  describe('the element', () => {
    it('takes what was set before it was defined, and may be defined twice and by another name', async () => {
      await opens({}, '#late')
      await page.evaluate(() => {
        Object.assign(window.bannerPage.banner, { delay: 0, texts: { offline: 'Kein Netz' } })
        window.bannerPage.define()
        window.bannerPage.define()
        window.bannerPage.define('other-banner')
      })
      await comes({ name: 'offline' })
      await passes(10)
      expect(await text()).toBe('Kein Netz')
      const isDefined = await page.evaluate(
        () => document.createElement('other-banner').shadowRoot?.querySelector('[role=status]') !== undefined,
      )
      expect(isDefined).toBe(true)
    })

    it('listens only while it is in the document, and to one client', async () => {
      await opens()
      const listeners = (): Promise<number> => page.evaluate(() => window.bannerPage.listeners)
      expect(await listeners()).toBe(1)
      await page.evaluate(() => document.body.prepend(window.bannerPage.banner))
      expect(await listeners()).toBe(1)
      await page.evaluate(() => window.bannerPage.banner.remove())
      expect(await listeners()).toBe(0)
      await comes({ name: 'closed', code: 4500, reason: 'gone' } as { name: string })
      await passes(100)
      expect(await text()).toBe('')
      await page.evaluate(() => document.body.prepend(window.bannerPage.banner))
      await passes(100)
      expect(await text()).toBe('Disconnected: gone')
      await page.evaluate(() => {
        window.bannerPage.banner.client = window.bannerPage.scripted() as BannerElement['client']
      })
      expect(await listeners()).toBe(0)
      await passes(100)
      expect(await text()).toBe('')
      await page.evaluate(() => {
        window.bannerPage.banner.client = undefined
      })
      await passes(100)
      expect(await text()).toBe('')
    })

    it('reads from right to left, with words of the application, which change at once', async () => {
      await opens()
      await shows({ name: 'reconnecting' }, 9000)
      await page.evaluate(() => {
        document.documentElement.dir = 'rtl'
        window.bannerPage.banner.texts = {
          reconnecting: 'החיבור אבד.',
          countdown: ({ seconds }) => `ניסיון נוסף בעוד ${seconds} שניות`,
          tryNow: 'נסו עכשיו',
        }
      })
      await passes(10)
      await screenshot(page, 'banner-rtl')
      const found = await page.evaluate(seen)
      expect(found).toMatchObject({ text: 'החיבור אבד. ניסיון נוסף בעוד 8 שניות', button: 'נסו עכשיו' })
      const places = await page.evaluate(() => {
        const root = window.bannerPage.banner.shadowRoot
        return ['p', 'button'].map((part) => root?.querySelector(part)?.getBoundingClientRect().x ?? 0)
      })
      expect(places[0]).toBeGreaterThan(places[1] ?? 0)
    })

    it('grows with the text, keeps within the page, and never moves by itself', async () => {
      await opens({ viewport: { width: 400, height: 400 } })
      await page.evaluate(() => document.documentElement.style.setProperty('font-size', '32px'))
      await shows({ name: 'closed', code: 4500, reason: 'The token was not accepted' } as { name: string })
      await screenshot(page, 'banner-large-text')
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(400)
      const motion = await page.evaluate(() =>
        [...(window.bannerPage.banner.shadowRoot?.querySelectorAll('*') ?? [])].flatMap((element) => {
          const { animationName, transitionDuration } = getComputedStyle(element)
          return animationName === 'none' && transitionDuration === '0s' ? [] : [element.outerHTML]
        }),
      )
      expect(motion).toEqual([])
    })

    it('has edges and a mark in forced colours', async () => {
      await opens({ forcedColors: 'active' })
      await shows({ name: 'reconnecting' }, 9000)
      await screenshot(page, 'banner-forced-colours')
      const { contrasts } = await page.evaluate(seen)
      for (const [is] of Object.values(contrasts)) expect(is).toBeGreaterThan(4.5)
    })

    it('takes its look from the page: custom properties and parts', async () => {
      await opens()
      await page.evaluate(() => {
        const sheet = new CSSStyleSheet()
        sheet.replaceSync(`millrace-banner { --millrace-banner-background: rgb(1, 2, 3); --millrace-banner-color: rgb(250, 250, 250);
          --millrace-banner-border: rgb(4, 5, 6); --millrace-banner-radius: 0px }
          millrace-banner::part(button) { border-radius: 99px } millrace-banner::part(offline) { border-width: 3px }`)
        document.adoptedStyleSheets = [sheet]
      })
      await shows({ name: 'offline' })
      const styles = await page.evaluate(() => {
        const root = window.bannerPage.banner.shadowRoot
        const [box, button] = [root?.querySelector('div'), root?.querySelector('button')]
        if (!box || !button) return []
        const { backgroundColor, color, borderTopColor, borderTopLeftRadius, borderTopWidth } =
          getComputedStyle(box)
        const round = getComputedStyle(button).borderTopLeftRadius
        return [backgroundColor, color, borderTopColor, borderTopLeftRadius, borderTopWidth, round]
      })
      expect(styles).toEqual(['rgb(1, 2, 3)', 'rgb(250, 250, 250)', 'rgb(4, 5, 6)', '0px', '3px', '99px'])
    })
  })
})

const firefox = tool.firefox()

describe.skipIf(firefox === undefined)('the banner in Firefox', { timeout: 60_000 }, () => {
  it('shows each state under the same policy, and can be read', async () => {
    const browser = await Firefox.launch(firefox ?? '')
    try {
      const page = await browser.open()
      for (const [name, state, inMs, words, button] of STATES) {
        await page.goto(url)
        await page.evaluate(
          (state, inMs) => {
            const { banner, comes } = window.bannerPage
            banner.delay = 0
            const next = JSON.parse(state)
            if (next.name !== 'connected') comes(next, inMs === 0 ? undefined : inMs)
            else {
              comes({ name: 'offline' })
              setTimeout(() => comes(next), 50)
            }
          },
          JSON.stringify(state),
          // Shown at once, so a second less has passed than in the list.
          (inMs ?? 1000) - 1000,
        )
        await expect
          .poll(() => page.evaluate(seen), { timeout: 10_000 })
          .toMatchObject({ text: words, button })
        await page.screenshot(`firefox-banner-${name}`)
        const { contrasts } = await page.evaluate(seen)
        for (const [what, [is, must]] of Object.entries(contrasts)) expect(is, what).toBeGreaterThan(must)
        expect(await page.evaluate(() => window.bannerPage.violations.join())).toBe('')
      }
    } finally {
      await browser.close()
    }
  })
})
