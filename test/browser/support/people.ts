/** What customers and agents do, by the names that they see on the page. */
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { SIZES, sees, watchErrors } from './browser.js'

export interface Person {
  readonly page: Page
  readonly context: BrowserContext
  readonly errors: readonly string[]
}

export interface Look {
  readonly dark?: boolean
  readonly size?: keyof typeof SIZES
  /** Whether the system asks for less motion. */
  readonly still?: boolean
}

/** A browser profile of its own with one page. */
export async function person(
  browser: Browser,
  { dark = false, size = 'desktop', still = false }: Look = {},
): Promise<Person> {
  const context = await browser.newContext({
    viewport: SIZES[size],
    colorScheme: dark ? 'dark' : 'light',
    locale: 'en-GB',
    reducedMotion: still ? 'reduce' : 'no-preference',
  })
  const errors = watchErrors(context)
  return { context, errors, page: await context.newPage() }
}

export async function openChat(page: Page, site: string): Promise<void> {
  await page.goto(`${site}/support/`)
  await page.getByRole('button', { name: 'Chat with us' }).click()
}

/** Opens the shop, and begins a conversation. */
export async function beginChat(page: Page, site: string, name: string, message: string): Promise<void> {
  await openChat(page, site)
  await page.getByLabel('Your name').fill(name)
  await page.getByLabel('Your message').fill(message)
  await page.getByRole('button', { name: 'Start the conversation' }).click()
  await sees(page, /in the queue/)
}

export async function say(page: Page, message: string): Promise<void> {
  await page.getByLabel(/^(Message to support|Reply to )/).fill(message)
  await page.keyboard.press('Enter')
}

/** The demonstration's agents, of whom Ines is a lead. */
const PASSWORDS = {
  'Ines Moreau': ['ines', 'mill-wheel-7'],
  'Tomas Berg': ['tomas', 'mill-pond-4'],
} as const
export type AgentName = keyof typeof PASSWORDS

/** Logs in with the password, on the page that is there. */
export async function enterPassword(page: Page, agent: AgentName): Promise<void> {
  const [user, password] = PASSWORDS[agent]
  await page.getByLabel('User name').fill(user)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Log in' }).click()
  await sees(page, 'Waiting')
}

export async function logIn(page: Page, site: string, agent: AgentName): Promise<void> {
  await page.goto(`${site}/support/desk/`)
  await enterPassword(page, agent)
}

/** Takes the conversation of this customer from the queue. */
export async function take(page: Page, customer: string): Promise<void> {
  await choose(page, customer)
  await page.getByRole('button', { name: 'Take' }).click()
  await page.getByLabel(`Reply to ${customer}`).waitFor()
}

export const choose = (page: Page, customer: string): Promise<void> =>
  page.getByRole('option', { name: customer }).click()

/** Presses 'Try now', for the next attempt may be a while off; unless the page is connected by then, and the button gone. */
export async function tryNow(page: Page): Promise<void> {
  await page
    .getByRole('button', { name: 'Try now' })
    .click({ timeout: 2_000 })
    .catch(() => {})
}
