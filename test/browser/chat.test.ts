/** The support chat as its people use it: a customer and an agent in two windows of a real browser. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { tool } from '../support/tools.js'
import { launchChromium, sees, soon } from './support/browser.js'
import {
  beginChat,
  choose,
  logIn,
  openChat,
  type Person,
  person,
  say,
  take,
  tryNow,
} from './support/people.js'
import { type Site, startSite } from './support/site.js'

const chromium = tool.chromium()

describe.skipIf(chromium === undefined)('the support chat in Chromium', { timeout: 60_000 }, () => {
  let site: Site
  let browser: Browser
  let people: Person[] = []
  let count = 0

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
    expect(errors).toEqual([])
  })

  const comes = async (): Promise<Person> => {
    const one = await person(browser)
    people.push(one)
    return one
  }
  /** A customer nobody else of this file is called like. */
  const newName = (): string => `Ana ${++count}`

  /** A customer and the agent who has taken the conversation. */
  async function pair(): Promise<{ name: string; customer: Person; agent: Person }> {
    const name = newName()
    const [customer, agent] = [await comes(), await comes()]
    await beginChat(customer.page, site.url, name, 'Is the kettle good for induction?')
    await logIn(agent.page, site.url, 'Ines Moreau')
    await take(agent.page, name)
    return { name, customer, agent }
  }

  /** The number in the tab's title: what the agent has not read in any conversation. */
  const badge = async (page: Page): Promise<number> => Number(/^\((\d+)\)/.exec(await page.title())?.[1] ?? 0)

  it('goes both ways, and says who took over', async () => {
    const { name, customer, agent } = await pair()
    await sees(customer.page, 'Ines Moreau joined the conversation')
    await sees(customer.page, 'Here now')
    await say(agent.page, 'Yes, it is. All of our kettles are.')
    await sees(customer.page, 'Yes, it is. All of our kettles are.')
    await say(customer.page, 'Lovely')
    await agent.page.getByRole('log').getByText('Lovely').waitFor()
    expect(await agent.page.getByRole('log').getByText(name).count()).toBeGreaterThan(0)
  })

  it('shows who is typing, on both sides, and stops', async () => {
    const { name, customer, agent } = await pair()
    await agent.page.getByLabel(`Reply to ${name}`).pressSequentially('One mom')
    await sees(customer.page, 'Ines Moreau is typing')
    await agent.page.getByLabel(`Reply to ${name}`).fill('')
    await customer.page.getByText('is typing').waitFor({ state: 'detached' })
    await customer.page.getByLabel('Message to support').pressSequentially('Take your')
    await sees(agent.page, `${name} is typing`)
    await customer.page.keyboard.press('Enter')
    await agent.page.getByText('is typing').waitFor({ state: 'detached' })
  })

  it('tells sent, delivered and read apart', async () => {
    const name = newName()
    const [customer, agent] = [await comes(), await comes()]
    await beginChat(customer.page, site.url, name, 'Hello?')
    const log = customer.page.getByRole('log')
    await log.getByText('Sent', { exact: true }).waitFor()
    await logIn(agent.page, site.url, 'Ines Moreau')
    await take(agent.page, name)
    await log.getByText('Read', { exact: true }).waitFor()
    // Behind another tab, what comes has arrived and is not read.
    const unread = await badge(agent.page)
    await agent.page.evaluate(() => {
      Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true })
      document.dispatchEvent(new Event('visibilitychange'))
    })
    await say(customer.page, 'Are you there?')
    await log.getByText('Delivered', { exact: true }).waitFor()
    await agent.page
      .getByRole('option', { name })
      .getByText('1 unread message')
      .waitFor({ state: 'attached' })
    await soon(() => badge(agent.page)).toBe(unread + 1)
    await agent.page.evaluate(() => {
      Object.defineProperty(document, 'visibilityState', { value: 'visible', configurable: true })
      document.dispatchEvent(new Event('visibilitychange'))
    })
    await log.getByText('Delivered', { exact: true }).waitFor({ state: 'detached' })
    await soon(() => badge(agent.page)).toBe(unread)
  })

  it('counts what is unread while the panel is closed, on every tab, and forgets it on all of them', async () => {
    const { customer, agent } = await pair()
    const second = await customer.context.newPage()
    await second.goto(`${site.url}/support/products/serving-bowl`)
    await customer.page.getByRole('button', { name: 'Close chat' }).click()
    await say(agent.page, 'One')
    await say(agent.page, 'Two')
    for (const page of [customer.page, second]) {
      await page.getByRole('button', { name: /2 unread messages/ }).waitFor()
      await soon(() => page.title()).toMatch(/^\(2\) /)
    }
    await second.getByRole('button', { name: /Chat with us/ }).click()
    await customer.page.getByRole('button', { name: /unread/ }).waitFor({ state: 'detached' })
    await soon(() => customer.page.title()).toBe('Alder & Clay')
  })

  it('shows the page the customer looks at, and when they leave', async () => {
    const { customer, agent } = await pair()
    await sees(agent.page, 'Looking at All products')
    await customer.page.getByRole('link', { name: /Bread board/ }).click()
    await sees(agent.page, 'Looking at Bread board')
    await customer.page.goto('about:blank')
    await sees(agent.page, /Left the site/)
  })

  it('is all there after a reload, on both sides', async () => {
    const { name, customer, agent } = await pair()
    await say(agent.page, 'Here to stay')
    await sees(customer.page, 'Here to stay')
    await customer.page.reload()
    await customer.page.getByRole('button', { name: 'Chat with us' }).click()
    await sees(customer.page, 'Here to stay')
    await sees(customer.page, 'Is the kettle good for induction?')
    await agent.page.reload()
    await choose(agent.page, name)
    await agent.page.getByRole('log').getByText('Here to stay').waitFor()
    await agent.page.getByLabel(`Reply to ${name}`).waitFor()
  })

  it('shows earlier messages when asked, as far as they are kept', async () => {
    const { customer } = await pair()
    for (let n = 1; n <= 60; n++) await say(customer.page, `Line ${n}`)
    await customer.page.getByText('Waiting to be sent').waitFor({ state: 'detached' })
    await customer.page.reload()
    await customer.page.getByRole('button', { name: 'Chat with us' }).click()
    await sees(customer.page, 'Line 60')
    const first = customer.page.getByRole('log').getByText('Is the kettle good for induction?')
    expect(await first.count()).toBe(0)
    await customer.page.getByRole('button', { name: 'Show earlier messages' }).click()
    await first.waitFor()
    await customer.page.getByRole('button', { name: 'Show earlier messages' }).waitFor({ state: 'detached' })
    const lines = await customer.page.getByRole('log').locator('.bubble').allTextContents()
    expect(lines.filter((line) => /Line \d+$/.test(line))).toHaveLength(60)
  })

  it('is the same on two devices of one agent: what one reads is read on the other', async () => {
    const { name, customer, agent } = await pair()
    const device = await comes()
    await logIn(device.page, site.url, 'Ines Moreau')
    const other = device.page.getByRole('option', { name })
    await other.waitFor()
    await agent.page.evaluate(() => {
      Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true })
      document.dispatchEvent(new Event('visibilitychange'))
    })
    await say(customer.page, 'Unread on both')
    await other.getByText('1 unread message').waitFor({ state: 'attached' })
    await choose(device.page, name)
    await other.getByText('unread message').waitFor({ state: 'detached' })
    const here = agent.page.getByRole('option', { name })
    await here.getByText('unread message').waitFor({ state: 'detached' })
  })

  it('moves the queue up, and lets one agent win', async () => {
    const [first, second] = [newName(), newName()]
    const [ana, ben, ines, tomas] = [await comes(), await comes(), await comes(), await comes()]
    await logIn(ines.page, site.url, 'Ines Moreau')
    await logIn(tomas.page, site.url, 'Tomas Berg')
    await beginChat(ana.page, site.url, first, 'I am first')
    await beginChat(ben.page, site.url, second, 'I am second')
    await sees(ben.page, '1 person ahead of you')
    await choose(tomas.page, first)
    await take(ines.page, first)
    await sees(ben.page, 'You’re number 1 in the queue')
    await sees(tomas.page, 'Ines Moreau has this conversation')
    await take(tomas.page, second)
  })

  it('is handed to a colleague, who sees what was said', async () => {
    const { name, customer, agent } = await pair()
    await say(agent.page, 'My colleague knows more')
    const tomas = await comes()
    await logIn(tomas.page, site.url, 'Tomas Berg')
    await agent.page.getByRole('button', { name: 'Assign' }).click()
    const colleague = agent.page.getByRole('menuitem', { name: /Tomas Berg/ })
    await colleague.getByText('At the desk', { exact: true }).waitFor()
    await colleague.click()
    await sees(customer.page, 'Ines Moreau handed the conversation to Tomas Berg')
    await choose(tomas.page, name)
    await tomas.page.getByRole('log').getByText('My colleague knows more').waitFor()
    await say(tomas.page, 'Hello from Tomas')
    await sees(customer.page, 'Hello from Tomas')
    await sees(agent.page, 'Tomas Berg has this conversation')
  })

  it('is closed by the agent after a question, stays readable, and a new one begins', async () => {
    const { customer, agent } = await pair()
    await agent.page.getByRole('button', { name: 'Close', exact: true }).click()
    await agent.page.getByRole('button', { name: 'Close it' }).click()
    await sees(customer.page, 'This conversation is closed')
    await sees(customer.page, 'Is the kettle good for induction?')
    await customer.page.getByRole('button', { name: 'Start a new one' }).click()
    await customer.page.getByLabel('Your message').fill('One more thing')
    await customer.page.getByRole('button', { name: 'Start the conversation' }).click()
    await sees(customer.page, 'You’re number 1 in the queue')
    expect(await customer.page.getByText('Is the kettle good for induction?').count()).toBe(0)
    await sees(agent.page, 'One more thing')
  })

  it('goes on after the server was cut off and came back: what was written meanwhile is sent', async () => {
    const { name, customer, agent } = await pair()
    await say(agent.page, 'Before the cut')
    await sees(customer.page, 'Before the cut')
    await site.cut()
    for (const page of [customer.page, agent.page]) {
      await sees(page, 'Connection lost')
      await page.getByRole('button', { name: 'Try now' }).waitFor()
    }
    // Nobody tells the desk any more where the customer is.
    await sees(agent.page, 'Whereabouts not known while disconnected')
    await say(customer.page, 'Written by the customer meanwhile')
    await sees(customer.page, 'Waiting to be sent')
    await say(agent.page, 'Written by the agent meanwhile')
    await sees(agent.page, 'Waiting to be sent')
    await site.restart()
    for (const page of [customer.page, agent.page]) await tryNow(page)
    await sees(customer.page, 'Written by the agent meanwhile', 30_000)
    await agent.page
      .getByRole('log')
      .getByText('Written by the customer meanwhile')
      .waitFor({ timeout: 30_000 })
    await sees(customer.page, 'Before the cut')
    for (const page of [customer.page, agent.page]) {
      await page.getByText('Waiting to be sent').waitFor({ state: 'detached' })
      await page.getByText('Connection lost').waitFor({ state: 'detached' })
    }
    await agent.page.getByText('not known while disconnected').first().waitFor({ state: 'detached' })
    await agent.page.getByLabel(`Reply to ${name}`).waitFor()
    // The process was killed, and nothing is missing on either screen, nothing twice; nor is it on a page that comes now.
    const written = ['Before the cut', 'Written by the customer meanwhile', 'Written by the agent meanwhile']
    const everything = async (page: Page): Promise<void> => {
      for (const text of written) await soon(() => page.getByRole('log').getByText(text).count()).toBe(1)
      expect(await page.getByText('may be missing here').count()).toBe(0)
    }
    await everything(customer.page)
    await everything(agent.page)
    await customer.page.reload()
    await customer.page.getByRole('button', { name: /Chat with us/ }).click()
    await everything(customer.page)
  })

  it('says that the browser is offline, and keeps what is written over a reload until it can be sent', async () => {
    const { customer, agent } = await pair()
    await customer.context.setOffline(true)
    await sees(customer.page, 'You’re offline', 30_000)
    await say(customer.page, 'From the tunnel')
    await sees(customer.page, 'Waiting to be sent')
    // The page can be had again, but no token, so there is no connection yet.
    await customer.context.route('**/support/token', (route) => route.abort())
    await customer.context.setOffline(false)
    await customer.page.reload()
    await customer.page.getByRole('button', { name: 'Chat with us' }).click()
    await sees(customer.page, 'Waiting to be sent')
    await customer.context.unroute('**/support/token')
    await tryNow(customer.page)
    await agent.page.getByRole('log').getByText('From the tunnel').waitFor()
    await customer.page.getByText('Waiting to be sent').waitFor({ state: 'detached' })
  })

  describe('what people type', () => {
    const bubbles = (page: Page): Promise<string[]> =>
      page.getByRole('log').locator('.bubble').allTextContents()

    it('HTML, emoji and right-to-left text arrive as they are', async () => {
      const { customer, agent } = await pair()
      const html = '<img src=x onerror="document.title=\'hacked\'"><b>bold</b>'
      const words = [
        html,
        '\u{1F44B}\u{1F3FD} \u{1F468}\u200D\u{1F469}\u200D\u{1F467}',
        'שלום, איפה ההזמנה שלי?',
      ]
      for (const message of words) await say(customer.page, message)
      await soon(
        async () =>
          (await bubbles(agent.page)).filter((text) => words.some((word) => text.endsWith(word))).length,
      ).toBe(3)
      expect(await agent.page.title()).not.toContain('hacked')
      const direction = agent.page.getByText('שלום').last()
      expect(await direction.evaluate((element) => getComputedStyle(element).direction)).toBe('rtl')
    })

    it('nothing, or too much, cannot be sent, and the page says why', async () => {
      const { customer } = await pair()
      const before = (await bubbles(customer.page)).length
      const field = customer.page.getByLabel('Message to support')
      await field.fill('   \n ')
      await customer.page.keyboard.press('Enter')
      await field.fill('x'.repeat(10_000))
      await sees(customer.page, '6,000 characters too long')
      expect(await customer.page.getByRole('button', { name: 'Send' }).isDisabled()).toBe(true)
      await customer.page.keyboard.press('Enter')
      expect((await bubbles(customer.page)).length).toBe(before)
      await field.fill('x'.repeat(3_900))
      await sees(customer.page, '100 characters left')
      await customer.page.keyboard.press('Enter')
      await soon(async () => (await bubbles(customer.page)).length).toBe(before + 1)
    })

    it('a form without a name or a message says what is missing', async () => {
      const { page } = await comes()
      await openChat(page, site.url)
      await page.getByRole('button', { name: 'Start the conversation' }).click()
      await sees(page, 'Please tell us your name')
      await page.getByLabel('Your name').fill('Ana')
      await page.getByRole('button', { name: 'Start the conversation' }).click()
      await sees(page, 'Please write a message')
    })
  })
})
