/** A lead mutes a customer in one conversation: what both see. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { tool } from '../support/tools.js'
import { launchChromium, sees } from './support/browser.js'
import { beginChat, logIn, type Person, person, say, take } from './support/people.js'
import { type Site, startSite } from './support/site.js'

const chromium = tool.chromium()

describe.skipIf(chromium === undefined)('muting in Chromium', { timeout: 60_000 }, () => {
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
    // Nobody is logged in when the desk asks for the first time, which the browser tells as well.
    expect(errors.filter((error) => !/status of 401/.test(error))).toEqual([])
  })

  const comes = async (): Promise<Page> => {
    const one = await person(browser)
    people.push(one)
    return one.page
  }

  it('[H10.5] the customer reads on, sees why there is nowhere to write, and writes again when the lead says so', async () => {
    const [customer, lead] = [await comes(), await comes()]
    await logIn(lead, site.url, 'Ines Moreau')
    await beginChat(customer, site.url, 'Ada', 'Anybody there?')
    await take(lead, 'Ada')
    const field = customer.getByLabel('Message to support')
    await field.fill('half a sentence')
    await lead.getByRole('button', { name: 'Mute', exact: true }).click()
    await sees(customer, 'You can read this conversation, but not write in it for now. What is written')
    await sees(customer, 'Ines Moreau muted the customer: they can read, but not write')
    await sees(lead, 'Muted: can only read')
    expect(await field.count()).toBe(0)
    await say(lead, 'Please wait for a moment')
    await sees(customer, 'Please wait for a moment')

    // A reload changes nothing.
    await customer.reload()
    await customer.getByRole('button', { name: 'Chat with us' }).click()
    await sees(customer, 'You can read this conversation, but not write in it for now. What is written')
    await lead.getByRole('button', { name: 'Unmute' }).click()
    await say(customer, 'Thank you')
    await sees(lead, 'Thank you')
    await sees(customer, 'Ines Moreau let the customer write again')
  })
})
