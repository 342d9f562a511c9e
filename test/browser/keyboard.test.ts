/** Everything the chat can do, with the keyboard alone. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tool } from '../support/tools.js'
import { launchChromium, sees, soon } from './support/browser.js'
import { beginChat, logIn, type Person, person } from './support/people.js'
import { type Site, startSite } from './support/site.js'

const chromium = tool.chromium()

describe.skipIf(chromium === undefined)('the keyboard alone', { timeout: 60_000 }, () => {
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

  /** What has the focus, by its role and name, or its tag. */
  const focused = (page: Page): Promise<string> =>
    page.evaluate(() => {
      const element = document.activeElement
      if (element === document.body) return 'nothing'
      return element?.getAttribute('aria-label') ?? element?.textContent?.trim() ?? ''
    })

  /** Presses Tab until something of this name has the focus, and checks on the way that the focus can be seen. */
  async function tabTo(page: Page, name: RegExp): Promise<void> {
    for (let presses = 0; presses < 60; presses++) {
      await page.keyboard.press('Tab')
      const ring = await page.evaluate(() => {
        const shown = (element: Element | null): boolean => {
          if (element === null) return false
          const { outlineStyle, boxShadow } = getComputedStyle(element)
          return outlineStyle !== 'none' || boxShadow !== 'none'
        }
        const element = document.activeElement
        return (
          element === document.body || shown(element) || shown(element?.closest('.composer__box') ?? null)
        )
      })
      const label = await page.evaluate(() => {
        const element = document.activeElement
        const labels =
          element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement
            ? element.labels
            : null
        return labels?.[0]?.textContent ?? ''
      })
      const what = `${label} ${await focused(page)}`
      expect(ring, `no sign of the focus on ${what}`).toBe(true)
      if (name.test(what)) return
    }
    expect.fail(`Tab never came to ${name}`)
  }

  it('a customer opens the chat, writes, is answered, and leaves it as it was', async () => {
    const { page, context } = await person(browser)
    await page.goto(`${site.url}/support/`)
    await tabTo(page, /Chat with us/)
    await page.keyboard.press('Enter')
    await soon(() => page.evaluate(() => document.activeElement?.tagName)).toBe('INPUT')
    await page.keyboard.type('Kay')
    await tabTo(page, /Your message/)
    await page.keyboard.type('No mouse here')
    await tabTo(page, /Start the conversation/)
    await page.keyboard.press('Enter')
    await sees(page, 'You’re number 1 in the queue')
    await tabTo(page, /Message to support/)
    await page.keyboard.type('And one more')
    await page.keyboard.press('Enter')
    await page.getByRole('log').getByText('And one more').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    expect(await focused(page)).toContain('Chat with us')
    await context.close()
  })

  it('an agent takes, answers, hands over and closes', async () => {
    const customer = await person(browser)
    await beginChat(customer.page, site.url, 'Max', 'Anybody there?')
    const { page, context } = await person(browser)
    await page.goto(`${site.url}/support/desk/`)
    await page.getByLabel('User name').waitFor()
    await page.keyboard.type('ines')
    await page.keyboard.press('Enter')
    await sees(page, 'Please enter your password')
    await page.keyboard.type('mill-wheel-7')
    await tabTo(page, /Log in/)
    await page.keyboard.press('Enter')
    await sees(page, 'Waiting')
    await page.getByRole('option', { name: 'Max' }).waitFor()

    await tabTo(page, /^ Conversations$/)
    await page.keyboard.press('End')
    await page.getByRole('heading', { name: 'Max' }).waitFor()
    await page.keyboard.press('t')
    await soon(() => focused(page)).toBe('Reply to Max')
    await page.keyboard.type('Hello ')
    await page.keyboard.press('Enter')
    await sees(customer.page, 'Hello')

    await page.keyboard.press('/')
    await soon(() => focused(page)).toContain('Greeting')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await soon(() => page.getByLabel('Reply to Max').inputValue()).toBe(
      'Thank you, Max. I’m looking into it and will be back with you in a minute or two.',
    )
    await page.keyboard.press('Enter')
    await sees(customer.page, 'I’m looking into it')

    await page.keyboard.press('Escape')
    await page.keyboard.press('a')
    await soon(() => focused(page)).toContain('Tomas Berg')
    await page.keyboard.press('Escape')
    await soon(() => focused(page)).toBe('Assign')

    await page.keyboard.press('e')
    await page.getByRole('dialog', { name: 'Close the conversation?' }).waitFor()
    await page.keyboard.press('Escape')
    await page.keyboard.press('r')
    await soon(() => focused(page)).toBe('Reply to Max')
    await page.keyboard.press('Escape')
    await page.keyboard.press('e')
    await tabTo(page, /Close it/)
    await page.keyboard.press('Enter')
    await sees(customer.page, 'This conversation is closed')
    await customer.context.close()
    await context.close()
  })

  it('shows the shortcuts, which can be turned off, and stay out of the way of who writes', async () => {
    const people: Person[] = [await person(browser), await person(browser)]
    const [customer, agent] = people as [Person, Person]
    await beginChat(customer.page, site.url, 'Ugo', 'Anybody there?')
    const { page } = agent
    await logIn(page, site.url, 'Tomas Berg')
    await page.getByRole('option', { name: 'Kay' }).waitFor()
    await page.getByRole('option', { name: 'Ugo' }).waitFor()
    // Kay has waited longer.
    await page.keyboard.press('n')
    await page.getByRole('heading', { name: 'Kay' }).waitFor()
    await page.keyboard.press('j')
    await page.getByRole('heading', { name: 'Ugo' }).waitFor()
    await page.keyboard.press('?')
    const help = page.getByRole('dialog', { name: 'Keyboard shortcuts' })
    await help.getByText('Next conversation').waitFor()
    await help.getByRole('checkbox').uncheck()
    await page.keyboard.press('Escape')
    await help.waitFor({ state: 'hidden' })
    await page.keyboard.press('t')
    await page.keyboard.press('?')
    await help.getByRole('checkbox').check()
    await page.keyboard.press('Escape')
    await help.waitFor({ state: 'hidden' })
    expect(await page.getByRole('button', { name: 'Take' }).isVisible()).toBe(true)
    await page.keyboard.press('t')
    await soon(() => focused(page)).toBe('Reply to Ugo')
    await page.keyboard.type('jante?')
    expect(await page.getByLabel('Reply to Ugo').inputValue()).toBe('jante?')
    for (const { context } of people) await context.close()
  })

  it('a lead signs a colleague out, and logs out', async () => {
    const [lead, colleague] = [await person(browser), await person(browser)]
    await logIn(colleague.page, site.url, 'Tomas Berg')
    await logIn(lead.page, site.url, 'Ines Moreau')
    const { page } = lead
    await tabTo(page, /Account/)
    await page.keyboard.press('Enter')
    await soon(() => focused(page)).toContain('Log out')
    await page.keyboard.press('End')
    await soon(() => focused(page)).toContain('Sign out Tomas Berg')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog', { name: 'Sign out Tomas Berg?' }).waitFor()
    await tabTo(page, /^ Sign out$/)
    await page.keyboard.press('Enter')
    await sees(colleague.page, 'You were signed out')
    await soon(() => colleague.page.evaluate(() => document.activeElement?.tagName)).toBe('INPUT')
    await page.getByRole('button', { name: 'Account' }).focus()
    await page.keyboard.press('Enter')
    await soon(() => focused(page)).toContain('Log out')
    await page.keyboard.press('Enter')
    await sees(page, 'You are logged out')
    for (const { context } of [lead, colleague]) await context.close()
  })

  it('the skip link leads past the list', async () => {
    const { page, context } = await person(browser)
    await logIn(page, site.url, 'Tomas Berg')
    await page.keyboard.press('Tab')
    await soon(() => focused(page)).toBe('Skip to the conversation')
    await page.keyboard.press('Enter')
    await soon(() => page.evaluate(() => document.activeElement?.id)).toBe('conversation')
    await context.close()
  })
})
