/** The same pages in Firefox: the other engine, with the same eyes on names, roles and contrast. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tool } from '../support/tools.js'
import { audit } from './support/audit.js'
import { Firefox, type FirefoxPage } from './support/firefox.js'
import { type Site, startSite } from './support/site.js'

const path = tool.firefox()

describe.skipIf(path === undefined)('the pages in Firefox', { timeout: 90_000 }, () => {
  let site: Site
  let firefox: Firefox
  beforeAll(async () => {
    site = await startSite()
    firefox = await Firefox.launch(path ?? '')
  }, 180_000)
  afterAll(async () => {
    await firefox?.close()
    await site?.stop()
  })

  async function looksGood(page: FirefoxPage, what: string): Promise<void> {
    await page.screenshot(`firefox-${what}`)
    expect(await audit(page), what).toEqual([])
  }

  it('turn the wheel together', async () => {
    const [one, two] = [await firefox.open(), await firefox.open()]
    await one.goto(site.url)
    await two.goto(site.url)
    await two.sees('2 windows turn it together')
    await one.press('Turn the wheel')
    await one.sees('came back in')
    await two.sees('Turn 1 has come')
    await looksGood(one, 'home')
  })

  it('chat both ways, with typing, receipts, a reload and a cut', async () => {
    const [customer, agent] = [await firefox.open(), await firefox.open()]
    await customer.goto(`${site.url}/support/`)
    await customer.press('Chat with us')
    await customer.type('Fay', 'Tab')
    await customer.type('Hello from Firefox')
    await customer.press('Start the conversation')
    await customer.sees('You’re number 1 in the queue')

    await agent.goto(`${site.url}/support/desk/`)
    await agent.press('Fill in Ines Moreau')
    await agent.press('Log in')
    await agent.sees('Hello from Firefox')
    await agent.press('Fay')
    await agent.press('Take')
    await customer.sees('Ines Moreau joined the conversation')
    await customer.sees('Read')
    await agent.press('Reply to Fay')
    await agent.type('Hello')
    await customer.sees('Ines Moreau is typing')
    await agent.type(' Fay', 'Enter')
    await customer.sees('Hello Fay')
    await customer.press('Message to support')
    await customer.type('Thank you', 'Enter')
    await agent.sees('Thank you')
    await looksGood(customer, 'chat')
    await looksGood(agent, 'desk')

    await customer.reload()
    await customer.press('Chat with us')
    await customer.sees('Hello Fay')

    await site.cut()
    await customer.sees('Connection lost')
    await customer.press('Message to support')
    await customer.type('Still here?', 'Enter')
    await customer.sees('Waiting to be sent')
    await looksGood(customer, 'chat-cut')
    await site.restart()
    await customer.press('Try now')
    await agent.sees('Still here?')
  })
})
