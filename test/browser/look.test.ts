/** How the pages look: audited for names, roles and contrast in both themes and sizes, with a screenshot of each. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest'
import { tool } from '../support/tools.js'
import { audit } from './support/audit.js'
import { launchChromium, type SIZES, screenshot, sees, soon } from './support/browser.js'
import { beginChat, logIn, openChat, type Person, person, say, take, tryNow } from './support/people.js'
import { type Site, startSite } from './support/site.js'

const chromium = tool.chromium()

const LOOKS: readonly { name: string; dark: boolean; size: keyof typeof SIZES }[] = [
  { name: 'desktop-light', dark: false, size: 'desktop' },
  { name: 'desktop-dark', dark: true, size: 'desktop' },
  { name: 'mobile-light', dark: false, size: 'mobile' },
  { name: 'mobile-dark', dark: true, size: 'mobile' },
]

describe.skipIf(chromium === undefined)('the pages', { timeout: 90_000 }, () => {
  let site: Site
  let browser: Browser
  beforeAll(async () => {
    site = await startSite()
    browser = await launchChromium(chromium ?? '')
  }, 180_000)
  afterAll(async () => {
    await browser?.close()
    await site?.stop()
  })

  describe.each(LOOKS)('$name', ({ name, dark, size }) => {
    const visit = (): Promise<Person> => person(browser, { dark, size, still: true })
    /** Audits the page as it is, and keeps a picture of it. */
    async function look(page: Page, what: string): Promise<void> {
      await screenshot(page, `${what}-${name}`)
      expect(await audit(page), what).toEqual([])
    }

    it('home', async () => {
      const { page, context, errors } = await visit()
      await page.goto(site.url)
      await page.getByRole('button', { name: 'Turn the wheel' }).click()
      await sees(page, /came back in/)
      await look(page, 'home')
      await page.locator('#applications').scrollIntoViewIfNeeded()
      await look(page, 'home-applications')

      onTestFailed(() => site.restart())
      await page.locator('#wheel').scrollIntoViewIfNeeded()
      await site.cut()
      // It lies over the wheel: nothing moves for it.
      const before = await page.locator('.mill').boundingBox()
      await sees(page, 'Connection lost')
      expect(await page.locator('.mill').boundingBox()).toEqual(before)
      await look(page, 'home-cut')
      await site.restart()
      await tryNow(page)
      await sees(page, 'Connected again')
      await look(page, 'home-again')
      await page.getByText('Connected again').waitFor({ state: 'hidden' })
      expect(errors).toEqual([])
      await context.close()
    })

    it('shop, product and basket', async () => {
      const { page, context, errors } = await visit()
      await page.goto(`${site.url}/support/`)
      await look(page, 'shop')
      await page.getByRole('link', { name: /Table lamp/ }).click()
      await look(page, 'product')
      await page.getByRole('button', { name: 'Add to basket' }).click()
      await page.getByRole('button', { name: /^Basket/ }).click()
      await look(page, 'basket')
      expect(errors).toEqual([])
      await context.close()
    })

    it('chat and desk, from the first word to the last', async () => {
      const customer = await visit()
      const agent = await visit()
      await agent.page.goto(`${site.url}/support/desk/`)
      await sees(agent.page, 'For trying out')
      await look(agent.page, 'login')
      await agent.page.getByLabel('User name').fill('ines')
      await agent.page.getByRole('button', { name: 'Log in' }).click()
      await sees(agent.page, 'Please enter your password')
      await look(agent.page, 'login-problem')
      await logIn(agent.page, site.url, 'Ines Moreau')
      await look(agent.page, 'desk-list')
      await openChat(customer.page, site.url)
      await customer.page.getByRole('button', { name: 'Start the conversation' }).click()
      await sees(customer.page, 'Please tell us your name')
      await look(customer.page, 'chat-intro')

      const who = `Mariam ${name}`
      await customer.page.goto(`${site.url}/support/products/pour-over-kettle`)
      await beginChat(customer.page, site.url, who, 'Hi! Is the pour-over kettle good for an induction hob?')
      await look(customer.page, 'chat-queue')
      await agent.page.getByRole('option', { name: who }).click()
      await agent.page.getByRole('button', { name: 'Take' }).waitFor()
      await look(agent.page, 'desk-waiting')
      if (size === 'mobile') await agent.page.getByRole('button', { name: 'Back to the list' }).click()
      await take(agent.page, who)
      await say(agent.page, 'Hello Mariam, yes: gas, electric and induction.')
      await say(customer.page, 'Perfect, thank you!\nAnd how long does delivery to Lisbon take?')
      await sees(agent.page, /delivery to Lisbon/)
      await agent.page.getByLabel(`Reply to ${who}`).pressSequentially('Three')
      await sees(customer.page, 'Ines Moreau is typing')
      await soon(() => customer.page.getByText(/^(Sent|Delivered)$/).count()).toBe(0)
      await look(customer.page, 'chat')
      await look(agent.page, 'desk')
      await agent.page.getByRole('button', { name: 'Canned replies' }).click()
      await look(agent.page, 'desk-canned')
      await agent.page.keyboard.press('Escape')
      if (size === 'mobile') await agent.page.keyboard.press('?')
      else await agent.page.getByRole('button', { name: 'Keyboard shortcuts' }).click()
      await look(agent.page, 'desk-help')
      await agent.page.keyboard.press('Escape')

      await agent.page.getByRole('button', { name: 'Account' }).click()
      await look(agent.page, 'desk-account')
      await agent.page.getByRole('menuitem', { name: /Sign out Tomas Berg/ }).click()
      await look(agent.page, 'desk-sign-out')
      await agent.page.getByRole('button', { name: 'Cancel' }).click()

      onTestFailed(() => site.restart())
      await site.cut()
      await sees(customer.page, 'Connection lost')
      await say(customer.page, 'Are you still there?')
      await sees(customer.page, 'Waiting to be sent')
      await sees(agent.page, 'Connection lost')
      await look(customer.page, 'chat-cut')
      await look(agent.page, 'desk-cut')
      await site.restart()
      await customer.page.getByText('Waiting to be sent').waitFor({ state: 'detached', timeout: 40_000 })
      await agent.page.getByText('Connection lost').waitFor({ state: 'detached', timeout: 40_000 })

      await agent.page.getByRole('button', { name: 'Close', exact: true }).click()
      await look(agent.page, 'desk-close')
      await agent.page.getByRole('button', { name: 'Close it' }).click()
      await sees(customer.page, 'This conversation is closed')
      await look(customer.page, 'chat-closed')

      await agent.page.getByRole('button', { name: 'Account' }).click()
      await agent.page.getByRole('menuitem', { name: /Log out everywhere/ }).click()
      await sees(agent.page, 'You were signed out')
      await sees(agent.page, 'For trying out')
      await look(agent.page, 'login-signed-out')
      await customer.context.clearCookies()
      await customer.page.reload()
      await customer.page.getByRole('button', { name: /Chat with us/ }).click()
      await sees(customer.page, 'Please begin anew')
      await look(customer.page, 'chat-unknown')
      // The browser tells of the token that was not given.
      const errors = [...customer.errors, ...agent.errors]
      expect(errors.filter((error) => !error.includes('status of 401'))).toEqual([])
      await customer.context.close()
      await agent.context.close()
    })
  })

  it('a chosen theme holds against the system’s, over reloads and pages', async () => {
    const { page, context } = await person(browser)
    const canvas = (): Promise<string> =>
      page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
    await page.goto(site.url)
    const light = await canvas()
    await page.getByRole('button', { name: 'Theme: system. Change to light' }).click()
    await page.getByRole('button', { name: 'Theme: light. Change to dark' }).click()
    const dark = await canvas()
    expect(dark).not.toBe(light)
    await page.reload()
    expect(await canvas()).toBe(dark)
    await page.goto(`${site.url}/support/desk/`)
    await page.getByRole('button', { name: 'Theme: dark. Change to system' }).click()
    await page.goto(site.url)
    expect(await canvas()).toBe(light)
    await context.close()
  })

  it('nothing moves by itself where that is not wanted', async () => {
    const { page, context } = await person(browser, { still: true })
    await page.goto(site.url)
    await page.getByRole('button', { name: 'Turn the wheel' }).click()
    await sees(page, /came back in/)
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0)
    await context.close()
  })

  it('nothing jumps while a page loads', async () => {
    const { page, context } = await person(browser)
    await page.addInitScript(() => {
      const shifts: number[] = []
      Object.assign(window, { shifts })
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries())
          shifts.push((entry as PerformanceEntry & { value: number }).value)
      }).observe({ type: 'layout-shift', buffered: true })
    })
    for (const path of ['/', '/support/', '/support/desk/']) {
      await page.goto(site.url + path)
      await page.waitForLoadState('networkidle')
      const total = await page.evaluate(() =>
        (window as unknown as { shifts: number[] }).shifts.reduce((sum, value) => sum + value, 0),
      )
      // Below 0.1 is what the Web Vitals call good; here nothing has a reason to move at all.
      expect(total, path).toBeLessThan(0.01)
    }
    await context.close()
  })

  it('two windows turn one wheel, and see each other’s pointers', async () => {
    const [one, two] = [await person(browser), await person(browser)]
    await one.page.goto(site.url)
    await two.page.goto(site.url)
    await sees(one.page, /2 windows turn it together/)
    await one.page.getByRole('button', { name: 'Turn the wheel' }).click()
    await sees(one.page, /Turn [\d,]+ came back in \d+ ms/)
    const turn = /Turn ([\d,]+)/.exec((await one.page.locator('.demo__news').textContent()) ?? '')?.[1]
    await sees(two.page, `Turn ${turn} has come`)
    const stage = await one.page.locator('.demo').boundingBox()
    if (stage === null) throw new Error('no stage')
    await one.page.mouse.move(stage.x + stage.width / 2, stage.y + stage.height / 2)
    await one.page.mouse.move(stage.x + stage.width / 4, stage.y + stage.height / 4)
    await two.page.locator('.pointer').waitFor()
    await one.context.close()
    await sees(two.page, /second window/)
    await two.context.close()
  })
})
