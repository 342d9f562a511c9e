/** The support chat in two windows of a real Chromium, through every network in which a WebSocket may not get through. */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createSupportChat, memoryStore } from '@millrace/support-chat'
import { createSite } from '@millrace/ui/serve'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, type ExpectStatic, expect, it } from 'vitest'
import { launchChromium, sees } from '../browser/support/browser.js'
import { beginChat, choose, logIn, type Person, person, say, take } from '../browser/support/people.js'
import { type Site, startSite } from '../browser/support/site.js'
import { Process, startRedis } from '../promises/processes.js'
import { requireTool, tool } from '../support/tools.js'
import { type Habits, Nginx } from './nginx.js'
import { IMPATIENT, NETWORKS, PATHS, type Path, startSilent } from './paths.js'
import { Traffic } from './traffic.js'

const chromium = tool.chromium()
const nginxCommand = tool.nginx()
const redisServer = requireTool('redis-server', 'apt-get install redis-server')

/** What is idle is cut a little later here: the chat's server has the default heartbeat, ten seconds. */
const IDLE = 12_000
const isCutWhenIdle = (path: Path): boolean => 'idle' in NETWORKS[path] && NETWORKS[path].idle === '3s'
const habitsOf = (path: Path): Habits =>
  isCutWhenIdle(path) ? { ...NETWORKS[path], idle: `${IDLE}ms` } : NETWORKS[path]
const HABITS = Object.fromEntries(PATHS.map((path) => [path, habitsOf(path)])) as Record<Path, Habits>

/** What moves costs time, and shows nothing here. */
const STILL = { still: true }

/** Two people of one conversation, each in a profile of its own. */
interface Pair {
  readonly customer: Page
  readonly agent: Page
  readonly traffic: readonly Traffic[]
}

interface Identity {
  readonly user: { readonly id: string; readonly name: string }
  /** As the server sets it. */
  readonly cookie: string
}
const nameOf = (path: Path): string => `Ben ${PATHS.indexOf(path)}`

/** A customer for each path, and an agent, as servers with this secret know them. */
async function identitiesOf(secret: string) {
  const chat = createSupportChat({ store: { ...memoryStore(), secret } })
  const site = createSite(chat.handlers).listen(0, '127.0.0.1')
  await once(site, 'listening')
  const logIn = async (path: string, body: object): Promise<Identity> => {
    const response = await fetch(`http://127.0.0.1:${(site.address() as AddressInfo).port}/support/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const { user } = (await response.json()) as Pick<Identity, 'user'>
    return { user, cookie: response.headers.get('set-cookie') ?? '' }
  }
  const asked = PATHS.map(
    async (path) => [path, await logIn('session', { name: nameOf(path) })] as [Path, Identity],
  )
  const customers = new Map(await Promise.all(asked))
  const agent = await logIn('desk/session', { user: 'ines', password: 'mill-wheel-7' })
  site.close()
  site.closeAllConnections()
  await chat.close()
  return { customers, agent }
}

/** Gives the browser what it would have after a login. */
async function isLoggedIn(page: Page, { cookie }: Identity): Promise<void> {
  const [, name = '', value = ''] = /^([^=]+)=([^;]+)/.exec(cookie) ?? []
  await page.context().addCookies([{ name, value, domain: '127.0.0.1', path: '/support/' }])
}

/** A conversation of this customer that is under way. */
function ticketOf(customer: Identity['user'] | undefined) {
  const now = Date.now()
  const agent = { id: 'agent.ines', name: 'Ines Moreau' }
  const receipt = { delivered: { time: 0, offset: 0 }, read: { time: 0, offset: 0 } }
  const receipts = { customer: receipt, agent: receipt }
  const times = { openedAt: now, takenAt: now, version: 1 }
  return { id: randomUUID(), customer, status: 'active', agent, receipts, ...times }
}

describe.skipIf(chromium === undefined || nginxCommand === undefined)(
  'the support chat in Chromium behind a real nginx',
  { timeout: 120_000 },
  () => {
    let site: Site
    let browser: Browser
    let silent: Awaited<ReturnType<typeof startSilent>>
    const closers: (() => unknown)[] = []

    beforeAll(async () => {
      // It builds what the other servers need as well.
      site = await startSite()
      closers.push(() => site.stop())
      silent = await startSilent()
      closers.push(() => {
        silent.server.close()
        silent.server.closeAllConnections()
      })
      browser = await launchChromium(chromium ?? '')
      closers.push(() => browser.close())
    }, 180_000)
    afterAll(async () => {
      for (const close of closers.reverse()) await close()
    })

    /** Nginx on all paths, in front of these nodes. */
    async function paths(nodes: readonly number[]): Promise<Nginx<Path>> {
      const nginx = await Nginx.start(nginxCommand ?? '', { nodes, silent: silent.port }, HABITS)
      closers.push(() => nginx.stop())
      return nginx
    }

    /** Two people come, and go whatever happens; nothing may go wrong in their pages. */
    async function together(path: Path, run: (pair: Pair) => Promise<void>): Promise<void> {
      const people: Person[] = [await person(browser, STILL), await person(browser, STILL)]
      const [customer, agent] = people.map(({ page }) => page) as [Page, Page]
      try {
        await run({ customer, agent, traffic: [new Traffic(customer), new Traffic(agent)] })
        for (const page of [customer, agent])
          expect(await page.getByText('may be missing here').count()).toBe(0)
      } finally {
        await Promise.all(people.map(({ context }) => context.close()))
      }
      // The browser tells of every poll that is cut.
      const isExpected = (error: string) => path === IMPATIENT && error.includes('Failed to load resource')
      const errors = people.flatMap(({ errors }) => errors)
      expect(errors.filter((error) => !isExpected(error))).toEqual([])
    }

    async function exchange({ customer, agent }: Pair, from: number, to: number): Promise<void> {
      for (let n = from; n <= to; n++) {
        await say(agent, `Answer ${n}`)
        await sees(customer, `Answer ${n}`)
        await say(customer, `Question ${n}`)
        await agent.getByRole('log').getByText(`Question ${n}`).waitFor({ timeout: 20_000 })
      }
    }

    /** Each of them is connected by what is best on this path; where what is idle is cut, they stay so while nobody says anything. */
    async function settled({ traffic }: Pair, path: Path, expect: ExpectStatic): Promise<void> {
      const { ends } = NETWORKS[path]
      await expect
        .poll(() => Promise.all(traffic.map((one) => one.transport())), { timeout: 20_000 })
        .toEqual([ends, ends])
      if (!isCutWhenIdle(path)) return
      const before = traffic.map((one) => one.opened(ends))
      await new Promise((resolve) => setTimeout(resolve, IDLE + 2000))
      expect(traffic.map((one) => one.opened(ends))).toEqual(before)
    }

    /** The customer's page is loaded anew, and opened. */
    async function reload(customer: Page): Promise<void> {
      await customer.reload()
      await customer.getByRole('button', { name: /Chat with us/ }).click()
    }

    describe('with one server', () => {
      let nginx: Nginx<Path>
      beforeAll(async () => {
        nginx = await paths([Number(new URL(site.url).port)])
      })
      const some: Path[] = ['responses are collected and compressed', 'upgrades are answered with a page']

      it.concurrent.for(some)(
        '[P8.8] goes both ways where %s, from the first word to the last',
        async (path, { expect }) => {
          const url = `http://127.0.0.1:${nginx.ports[path]}`
          const name = `Ana ${PATHS.indexOf(path)}`
          await together(path, async (pair) => {
            const { customer, agent } = pair
            await beginChat(customer, url, name, 'Is the kettle good for induction?')
            await logIn(agent, url, 'Ines Moreau')
            await take(agent, name)
            await sees(customer, 'Ines Moreau joined the conversation')
            await exchange(pair, 1, 5)
            await settled(pair, path, expect)
            await reload(customer)
            await sees(customer, 'Answer 5')
            await say(customer, 'Still here')
            await agent.getByRole('log').getByText('Still here').waitFor({ timeout: 20_000 })
            // Who goes is not waited for, as who may come back is for ten seconds.
            const since = performance.now()
            await customer.goto('about:blank')
            await sees(agent, /Left the site/)
            expect(performance.now() - since).toBeLessThan(8000)
          })
        },
      )
    })

    describe.skipIf(redisServer === undefined)('with three nodes on a real Redis and no affinity', () => {
      const SECRET = 'of the three nodes, which is a secret of their own'
      let nginx: Nginx<Path>
      let identities: Awaited<ReturnType<typeof identitiesOf>>

      beforeAll(async () => {
        const redis = await startRedis(redisServer ?? '')
        closers.push(() => redis.process.kill())
        const script = new URL('./chat-node.mjs', import.meta.url).pathname
        identities = await identitiesOf(SECRET)
        const tickets = JSON.stringify(PATHS.map((path) => ticketOf(identities.customers.get(path)?.user)))
        const ports = [1, 2, 3].map(async () => {
          const node = new Process(process.execPath, [script, redis.url, '0', SECRET, tickets])
          closers.push(() => node.kill())
          const [, port] = await node.says(/listening (\d+)/)
          return Number(port)
        })
        nginx = await paths(await Promise.all(ports))
      }, 60_000)

      it.concurrent.for(PATHS)(
        '[P8.5] [P8.8] goes both ways where %s, over a reload of both pages',
        async (path, { expect }) => {
          const url = `http://127.0.0.1:${nginx.ports[path]}`
          const name = nameOf(path)
          const known = identities.customers.get(path)
          if (known === undefined) throw new Error(`Nobody is there for ${path}`)
          await together(path, async (pair) => {
            const { customer, agent } = pair
            // The password takes longer to check than some of these networks wait, on a busy machine.
            await isLoggedIn(agent, identities.agent)
            await isLoggedIn(customer, known)
            await customer.addInitScript(
              (user) => localStorage.setItem('support-customer', user),
              JSON.stringify(known.user),
            )
            await customer.goto(`${url}/support/`)
            await customer.getByRole('button', { name: /Chat with us/ }).click()
            await agent.goto(`${url}/support/desk/`)
            await sees(agent, 'Waiting')
            await choose(agent, name)
            await agent.getByLabel(`Reply to ${name}`).waitFor()
            await exchange(pair, 1, 2)
            await settled(pair, path, expect)
            await reload(customer)
            await sees(customer, 'Question 2')
            await agent.reload()
            await choose(agent, name)
            await agent.getByRole('log').getByText('Question 2').waitFor({ timeout: 20_000 })
            await exchange(pair, 3, 3)
          })
        },
      )

      it('an agent who logs out at one node is logged out at all, and a copy of the cookie is good at none', async () => {
        const url = `http://127.0.0.1:${nginx.ports['nothing is in the way']}/support/desk/`
        const [one, thief] = [await person(browser, STILL), await person(browser, STILL)]
        closers.push(() => Promise.all([one.context.close(), thief.context.close()]))
        await logIn(one.page, new URL(url).origin, 'Tomas Berg')
        const stolen = await one.context.cookies()
        // Requests are dealt out to the nodes one after the other, so these are spread over all of them.
        const tabs = await Promise.all([1, 2, 3, 4, 5].map(() => one.context.newPage()))
        for (const tab of tabs) {
          await tab.goto(url)
          await sees(tab, 'Connected')
        }
        await one.page.getByRole('button', { name: 'Account' }).click()
        await one.page.getByRole('menuitem', { name: 'Log out In this browser' }).click()
        await Promise.all(tabs.map((tab) => sees(tab, 'You were signed out')))
        for (let n = 0; n < 3; n++) {
          await thief.context.addCookies(stolen)
          await thief.page.goto(url)
          await thief.page.getByLabel('Password').waitFor()
        }
      })
    })
  },
)
