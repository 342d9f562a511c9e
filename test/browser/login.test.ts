/** Logging in and out, as people see it; and where tokens are not: in storage, in URLs, in the log. */
import { createClient } from '@millrace/client'
import { createSupportChat, supportChatPages } from '@millrace/support-chat'
import { createSite, type Handler, listen, stopListening } from '@millrace/ui/serve'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { tool } from '../support/tools.js'
import { launchChromium, sees, soon } from './support/browser.js'
import { DevTools, type Tab } from './support/devtools.js'
import {
  type AgentName,
  beginChat,
  choose,
  enterPassword,
  logIn,
  type Person,
  person,
  say,
  take,
} from './support/people.js'
import { type Site, startSite } from './support/site.js'

const chromium = tool.chromium()
/** How every JSON Web Token begins: `{"` in base64url. */
const TOKEN = /eyJ[\w-]+\.[\w-]+/

describe.skipIf(chromium === undefined)('logins in Chromium', { timeout: 60_000 }, () => {
  let site: Site
  let browser: Browser
  let people: Person[] = []

  beforeAll(async () => {
    site = await startSite()
    browser = await launchChromium(chromium ?? '')
  }, 180_000)
  afterAll(async () => {
    await browser?.close()
    await site?.stop()
  })
  afterEach(async () => {
    const errors = people.flatMap(({ errors }) => errors)
    await Promise.all(people.map(({ context }) => context.close()))
    people = []
    // What a login refuses, the browser tells as well.
    expect(errors.filter((error) => !/status of (401|429)/.test(error))).toEqual([])
  })

  const comes = async (): Promise<Person> => {
    const one = await person(browser)
    people.push(one)
    return one
  }
  async function atDesk(agent: AgentName): Promise<Person> {
    const one = await comes()
    await logIn(one.page, site.url, agent)
    return one
  }
  const focused = (page: Page): Promise<string | null> =>
    page.evaluate(() => (document.activeElement as HTMLInputElement).name ?? null)

  async function signOut(lead: Page, agent: AgentName): Promise<void> {
    await lead.getByRole('button', { name: 'Account' }).click()
    await lead.getByRole('menuitem', { name: `Sign out ${agent}` }).click()
    await lead.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click()
  }

  it('a lead signs an agent out: the agent’s page is at the login within a second, the customer’s shows them gone, and they come back', async () => {
    const [customer, tomas, lead] = [await comes(), await atDesk('Tomas Berg'), await atDesk('Ines Moreau')]
    await beginChat(customer.page, site.url, 'Ada', 'Anybody there?')
    await take(tomas.page, 'Ada')
    await say(tomas.page, 'Good day')
    await sees(customer.page, 'Here now')

    const tab = await tomas.context.newPage()
    await tab.goto(`${site.url}/support/desk/`)
    await sees(tab, 'Waiting')
    await lead.page.getByRole('button', { name: 'Account' }).click()
    await lead.page.getByRole('menuitem', { name: 'Sign out Tomas Berg' }).click()
    const since = performance.now()
    await lead.page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click()
    await Promise.all(
      [tomas.page, tab].map((page) => page.getByText('You were signed out').first().waitFor()),
    )
    const took = performance.now() - since
    console.info(`signed out: both windows at the login after ${Math.round(took)} ms`)
    expect(took).toBeLessThan(3_000)
    expect(await focused(tomas.page)).toBe('username')
    expect(await tomas.page.getByText('Anybody there?').count()).toBe(0)
    await sees(customer.page, 'Away for a moment', 30_000)

    // Not even a reload brings the desk back, but the password does.
    await tomas.page.reload()
    await tomas.page.getByLabel('Password').waitFor()
    await enterPassword(tomas.page, 'Tomas Berg')
    await choose(tomas.page, 'Ada')
    await say(tomas.page, 'Here I am again')
    await sees(customer.page, 'Here I am again')
  })

  it('an agent without the lead’s rights has neither its buttons nor its keys', async () => {
    const [customer, tomas, lead] = [await comes(), await atDesk('Tomas Berg'), await atDesk('Ines Moreau')]
    await beginChat(customer.page, site.url, 'Bea', 'Anybody there?')
    await choose(tomas.page, 'Bea')
    await tomas.page.getByRole('button', { name: 'Take' }).waitFor()
    for (const name of ['Assign', 'Close'])
      expect(await tomas.page.getByRole('button', { name, exact: true }).count(), name).toBe(0)
    await tomas.page.getByRole('button', { name: 'Account' }).click()
    await tomas.page.getByRole('menuitem', { name: 'Log out everywhere' }).waitFor()
    expect(await tomas.page.getByRole('menuitem', { name: /Sign out/ }).count()).toBe(0)
    await tomas.page.keyboard.press('Escape')
    await tomas.page.keyboard.press('e')
    await take(lead.page, 'Bea')
    await sees(tomas.page, 'A lead can hand it to you')
    expect(await tomas.page.getByRole('dialog', { name: /Close/ }).count()).toBe(0)
    await lead.page.getByRole('button', { name: 'Assign' }).click()
    await lead.page.getByRole('menuitem', { name: /Tomas Berg/ }).click()
    await tomas.page.getByRole('button', { name: 'Close', exact: true }).waitFor()
    await tomas.page.getByLabel('Reply to Bea').waitFor()
  })

  it('logging out ends every tab of the browser, not another browser, and going back shows nothing', async () => {
    const [here, elsewhere] = [await atDesk('Tomas Berg'), await atDesk('Tomas Berg')]
    const tab = await here.context.newPage()
    await tab.goto(`${site.url}/support/desk/`)
    await sees(tab, 'Waiting')
    await here.page.getByRole('button', { name: 'Account' }).click()
    await here.page.getByRole('menuitem', { name: 'Log out In this browser' }).click()
    await sees(here.page, 'You are logged out')
    await sees(tab, 'You were signed out')
    await soon(() => here.context.cookies()).toEqual([])
    await here.page.goto(`${site.url}/`)
    await here.page.goBack()
    await here.page.getByLabel('Password').waitFor()
    expect(await here.page.getByText('Conversations').count()).toBe(0)
    await sees(elsewhere.page, 'Connected')
  })

  it('a login that has ended stays so when the server comes back, for who has a copy of its cookie, too', async () => {
    const [one, thief] = [await atDesk('Tomas Berg'), await comes()]
    await thief.context.addCookies(await one.context.cookies())
    await one.page.getByRole('button', { name: 'Account' }).click()
    await one.page.getByRole('menuitem', { name: 'Log out In this browser' }).click()
    await sees(one.page, 'You are logged out')
    await thief.page.goto(`${site.url}/support/desk/`)
    await thief.page.getByLabel('Password').waitFor()
    // Who has started anew knows it by the store of what was revoked.
    await site.restart()
    await thief.page.reload()
    await sees(thief.page, 'You were signed out')
    await soon(() => thief.context.cookies()).toEqual([])
  })

  it('an agent whose cookie has gone is asked to log in, and said why, when the page has to come in anew', async () => {
    const { page, context } = await atDesk('Ines Moreau')
    await context.clearCookies()
    await site.restart()
    await sees(page, 'Your login has ended', 30_000)
    await enterPassword(page, 'Ines Moreau')
  })

  it('a wrong password is said to be so, without saying what was wrong, and too many have to wait', async () => {
    const { page } = await comes()
    await page.goto(`${site.url}/support/desk/`)
    const invalid = (): Promise<string[]> =>
      page
        .locator('[aria-invalid]')
        .evaluateAll((all) => all.map((field) => (field as HTMLInputElement).name))
    await page.getByLabel('User name').fill('nobody')
    await page.keyboard.press('Enter')
    await sees(page, 'Please enter your password')
    expect(await invalid()).toEqual(['password'])
    await page.keyboard.type('guess')
    await page.keyboard.press('Enter')
    await sees(page, 'That user name and password do not match')
    expect(await invalid()).toEqual(['username', 'password'])
    expect(await page.getByLabel('User name').inputValue()).toBe('nobody')
    await soon(() => focused(page)).toBe('password')
    for (let n = 0; n < 5; n++) {
      const answered = page.waitForResponse('**/support/desk/session')
      await page.keyboard.type('guess')
      await page.keyboard.press('Enter')
      await answered
      await page.getByRole('button', { name: 'Log in' }).and(page.locator(':enabled')).waitFor()
    }
    await sees(page, /Too many failed attempts. Try again in \d+ s/)
    await enterPassword(page, 'Ines Moreau')
  })

  it('is made for password managers', async () => {
    const { page } = await comes()
    await page.goto(`${site.url}/support/desk/`)
    const fields = page.locator('form input')
    await fields.first().waitFor()
    expect(
      await fields.evaluateAll((all) =>
        all.map((field) => {
          const { name, type, autocomplete } = field as HTMLInputElement
          return [name, type, autocomplete]
        }),
      ),
    ).toEqual([
      ['username', 'text', 'username'],
      ['password', 'password', 'current-password'],
    ])
  })

  it('a customer whose cookie is gone is told so, and what was not sent goes into the next conversation', async () => {
    const { page, context } = await comes()
    await beginChat(page, site.url, 'Cleo', 'First words')
    await page.getByRole('log').getByText('Sent', { exact: true }).waitFor()
    await context.setOffline(true)
    await sees(page, 'You’re offline', 30_000)
    await say(page, 'Written in the tunnel')
    await sees(page, 'Waiting to be sent')
    await context.clearCookies()
    await context.setOffline(false)
    await sees(page, 'This browser isn’t known here any more', 30_000)
    expect(await page.evaluate(() => Object.keys(localStorage))).toEqual(['support-outbox'])
    await page.getByLabel('Your name').fill('Cleo')
    await page.getByLabel('Your message').fill('It is me again')
    await page.getByRole('button', { name: 'Start the conversation' }).click()
    await sees(page, 'It is me again')
    await page.getByText('Waiting to be sent').waitFor({ state: 'detached' })
    const log = page.getByRole('log').locator('.bubble')
    await soon(async () => (await log.allTextContents()).map((text) => text.replace(/^You: /, ''))).toEqual([
      'Written in the tunnel',
      'It is me again',
    ])
  })

  it('no token is in storage, in what scripts see of cookies, in URLs or in the log', async () => {
    const [customer, agent] = [await comes(), await comes()]
    const urls: string[] = []
    const tokens: string[] = []
    for (const { page } of [customer, agent]) {
      page.on('request', (request) => urls.push(request.url()))
      page.on('websocket', (socket) => {
        urls.push(socket.url())
        socket.on('framesent', ({ payload }) => tokens.push(...(TOKEN.exec(String(payload)) ?? [])))
      })
    }
    await beginChat(customer.page, site.url, 'Dora', 'Hello')
    await logIn(agent.page, site.url, 'Ines Moreau')
    await take(agent.page, 'Dora')
    // They went over the connection, and nowhere else.
    await soon(() => new Set(tokens).size).toBeGreaterThanOrEqual(2)
    for (const { page } of [customer, agent]) {
      const kept = await page.evaluate(() =>
        JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href]),
      )
      expect(kept).not.toMatch(TOKEN)
    }
    const cookies = [...(await customer.context.cookies()), ...(await agent.context.cookies())]
    expect(cookies.map(({ name, path, httpOnly, sameSite }) => [name, path, httpOnly, sameSite])).toEqual([
      ['support-customer', '/support/', true, 'Strict'],
      ['support-agent', '/support/', true, 'Strict'],
    ])
    expect(urls.filter((url) => TOKEN.test(url) || url.includes('mill-wheel'))).toEqual([])
    expect(urls.some((url) => url.startsWith('ws://'))).toBe(true)
    await signOut(agent.page, 'Tomas Berg')
    expect(site.output()).toContain('Millrace is running')
    expect(site.output()).not.toMatch(TOKEN)
    expect(site.output()).not.toContain('mill-wheel-7')
  })

  it('a page that sleeps beyond the end of its token is let go, and goes on with another one when it wakes up', async ({
    onTestFinished,
  }) => {
    const LIFE = 3_000
    const chat = createSupportChat({ tokenLife: LIFE })
    let asked = 0
    const count: Handler = ({ url }) => {
      if (url === '/support/desk/token') asked++
      return false
    }
    const pages = createSite([count, ...chat.handlers, supportChatPages()])
    chat.attach(pages)
    const port = await listen(pages, { port: 0, host: '127.0.0.1' })
    const devtools = await DevTools.launch(chromium ?? '')
    onTestFinished(async () => {
      await devtools.close()
      const stopped = stopListening(pages)
      await chat.close()
      pages.closeAllConnections()
      await stopped
    })

    const tab = await devtools.open(`http://127.0.0.1:${port}/support/desk/`)
    const press = (name: string): string => `[...document.querySelectorAll('button')]
      .find((button) => (button.ariaLabel ?? button.textContent) === '${name}')`
    await shows(tab, 'For trying out')
    await tab.evaluate(`${press('Fill in Tomas Berg')}.click()`)
    await tab.evaluate(`setTimeout(() => ${press('Log in')}.click(), 100)`)
    await shows(tab, 'Connected')
    await devtools.open('about:blank')
    await tab.freeze()
    await soon(() => tab.evaluate<string>('document.visibilityState')).toBe('hidden')
    const before = asked
    // The server closes a second after the end, and nothing in the page runs that could be awaited.
    await new Promise((resolve) => setTimeout(resolve, LIFE + 3_000))
    expect(asked).toBe(before)
    await someCustomer(port, 'Zed')
    await tab.thaw()
    await tab.show()
    await shows(tab, 'Zed')
    await shows(tab, 'Connected')
    expect(asked).toBeGreaterThan(before)
  })
})

/** Waits until the tab shows this. */
const shows = (tab: Tab, text: string): Promise<void> =>
  soon(() => tab.evaluate<string>('document.body.innerText')).toContain(text)

/** A customer without a browser opens a conversation. */
async function someCustomer(port: number, name: string): Promise<void> {
  const post = async (path: string, body: object, cookie = ''): Promise<Response> => {
    const headers = { 'content-type': 'application/json', cookie }
    return fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  }
  const [cookie = ''] = (await post('/support/session', { name })).headers.getSetCookie()
  const { token } = (await (await post('/support/token', {}, cookie.split(';', 1)[0])).json()) as {
    token: string
  }
  const client = createClient({
    ...{ url: `ws://127.0.0.1:${port}/support/millrace`, token, webSocket: WebSocket as never },
  })
  await client.call('support.open', {})
  client.close()
}
