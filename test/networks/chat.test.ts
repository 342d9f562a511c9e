/** The support chat in two windows of a real Chromium, through networks in which no WebSocket gets through. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium, sees } from '../browser/support/browser.js'
import { beginChat, logIn, type Person, person, say, take } from '../browser/support/people.js'
import { type Site, startSite } from '../browser/support/site.js'
import { tool } from '../support/tools.js'
import { type Habits, Nginx } from './nginx.js'

const chromium = tool.chromium()
const nginxCommand = tool.nginx()

const NETWORKS = {
  'upgrades are stripped, and responses collected and compressed': {
    habits: { upgrades: 'stripped', buffers: true },
    by: 'poll',
  },
  'upgrades are answered with a page': { habits: { upgrades: 'a page' }, by: 'stream' },
} as const satisfies { readonly [path: string]: { readonly habits: Habits; readonly by: string } }
type Path = keyof typeof NETWORKS
const PATHS = Object.keys(NETWORKS) as Path[]

describe.skipIf(chromium === undefined || nginxCommand === undefined)(
  'the support chat in Chromium behind a real nginx',
  { timeout: 60_000 },
  () => {
    let site: Site
    let browser: Browser
    let nginx: Nginx<Path>
    let people: Person[] = []

    beforeAll(async () => {
      site = await startSite()
      browser = await launchChromium(chromium ?? '')
      const habits = Object.fromEntries(PATHS.map((path) => [path, NETWORKS[path].habits]))
      const behind = { nodes: [Number(new URL(site.url).port)] }
      nginx = await Nginx.start(nginxCommand ?? '', behind, habits as Record<Path, Habits>)
    }, 180_000)
    afterAll(async () => {
      await browser?.close()
      await nginx?.stop()
      await site?.stop()
    })
    afterEach(async () => {
      const errors = people.flatMap(({ errors }) => errors)
      await Promise.all(people.map(({ context }) => context.close()))
      people = []
      expect(errors).toEqual([])
    })

    it.each(PATHS)('[P8.8] goes both ways where %s, over a reload, until one leaves', async (path) => {
      const url = `http://127.0.0.1:${nginx.ports[path]}`
      const name = `Ana ${PATHS.indexOf(path)}`
      people = [await person(browser), await person(browser)]
      const [customer, agent] = people.map(({ page }) => page)
      if (customer === undefined || agent === undefined) throw new Error('There are two')
      await beginChat(customer, url, name, 'Is the kettle good for induction?')
      await logIn(agent, url, 'Ines Moreau')
      await take(agent, name)
      await sees(customer, 'Ines Moreau joined the conversation')
      for (let n = 1; n <= 5; n++) {
        await say(agent, `Answer ${n}`)
        await sees(customer, `Answer ${n}`)
        await say(customer, `Question ${n}`)
        await agent.getByRole('log').getByText(`Question ${n}`).waitFor()
      }
      await customer.reload()
      await customer.getByRole('button', { name: /Chat with us/ }).click()
      await sees(customer, 'Answer 5')
      await say(customer, 'Still here')
      await agent.getByRole('log').getByText('Still here').waitFor()
      for (const page of [customer, agent])
        expect(await page.getByText('may be missing here').count()).toBe(0)
      // Who goes is not waited for.
      const since = performance.now()
      await customer.goto('about:blank')
      await sees(agent, /Left the site/)
      expect(performance.now() - since).toBeLessThan(5000)
      const requests = readFileSync(join(nginx.folder, 'access.log'), 'utf8')
      expect(requests).toContain(`POST /support/millrace/${NETWORKS[path].by} `)
    })
  },
)
