/** Chromium as Debian ships it, driven by playwright-core. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { expect } from 'vitest'

const SCREENS = fileURLToPath(new URL('../../../.screens/', import.meta.url))

const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Playwright makes a fresh user-data-dir for each launch, and a fresh profile for each context. */
export const launchChromium = (executablePath: string): Promise<Browser> =>
  chromium.launch({ executablePath, args: FLAGS })

export const SIZES = {
  desktop: { width: 1280, height: 800 },
  mobile: { width: 360, height: 740 },
} as const

/** Screenshots go to `.screens/`, for people to look at; nothing compares them. */
export async function screenshot(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENS, { recursive: true })
  await page.screenshot({ path: join(SCREENS, `${name}.png`), animations: 'disabled' })
}

/** What went wrong in pages while a test ran: errors nobody caught, and what the console was told as an error. */
export function watchErrors(context: BrowserContext): string[] {
  const errors: string[] = []
  context.on('page', (page) => {
    page.on('pageerror', (error) => errors.push(`${page.url()}: ${error.message}`))
    page.on('console', (message) => {
      // A connection that is refused while the server is cut off is what the test is about.
      const expected =
        /net::ERR_(CONNECTION_|INTERNET_DISCONNECTED|EMPTY_RESPONSE|FAILED)|WebSocket connection to/.test(
          message.text(),
        )
      if (message.type() === 'error' && !expected) errors.push(`${page.url()}: ${message.text()}`)
    })
  })
  return errors
}

/** Asks again until the answer is as expected; patient, because the machine may be busy with other tests. */
export const soon = <T>(ask: () => T | Promise<T>) => expect.poll(ask, { timeout: 20_000 })

/** Waits until the page says this. Playwright's own waiting fails with less to read. */
export async function sees(page: Page, text: string | RegExp, within = 20_000): Promise<void> {
  const found = page.getByText(text).filter({ visible: true }).first()
  await found.waitFor({ timeout: within }).catch(async () => {
    const shown = await page.locator('body').textContent()
    expect.fail(`The page does not show ${text}. It shows:\n${shown}`)
  })
}
