/** Single-use tickets in real browsers: the guide's page that has a token and no cookie, EventSource by itself, and a WebSocket without the SDK. */
import { readFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { channel, createServer, defineApi, type Logger } from '@millrace/server'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { FaultyNetwork } from '../support/faulty-network.js'
import { soon } from './support/browser.js'
import { BROWSERS, type Browser } from './support/browsers.js'

/** What the page keeps. */
interface Kept {
  readonly messages: readonly number[]
  readonly gaps: readonly { readonly reason: string }[]
  readonly logIns: number
  /** Of each EventSource there was: 0 connecting, 1 open, 2 closed. */
  readonly states: readonly number[]
}
declare global {
  interface Window {
    kept: () => Kept
    ask: (url: string, method?: string) => Promise<{ readonly ticket: string }>
    isLoggedIn: boolean
    answers: string[]
  }
}

const api = defineApi({
  channels: { 'chat:{room}': channel({ history: { size: 200 } }) },
})
const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

const GUIDE_PAGE = fileURLToPath(new URL('../../docs/http.md', import.meta.url))
const [, SECTION = ''] = readFileSync(GUIDE_PAGE, 'utf8').split('### Who can send no token')
/** The guide's code, which does not wait so long here. */
const [, WRITTEN = ''] = /```js\n([\s\S]*?)```/.exec(SECTION) ?? []
const GUIDE = WRITTEN.replaceAll('1000 + 2000 *', '100 + 100 *')

const pageOf = (code: string): string => `<!doctype html><title>reader</title><script>
  const messages = [], gaps = [], sources = []
  let logIns = 0
  window.isLoggedIn = true
  const fetchToken = async () => (window.isLoggedIn ? 'ann' : '')
  const show = ({ n }) => messages.push(n)
  const warn = (gap) => gaps.push(gap)
  const logIn = () => logIns++
  const Native = window.EventSource
  window.EventSource = function (url) {
    const source = new Native(url)
    sources.push(source)
    return source
  }
  ${code}
  window.kept = () => ({ messages, gaps, logIns, states: sources.map(({ readyState }) => readyState) })
</script>`

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

describe.each(BROWSERS)('tickets in %s', (_name, path, launch) => {
  describe.skipIf(path === undefined)('here', { timeout: 60_000 }, () => {
    let browser: Browser
    const closers: (() => unknown)[] = []
    beforeAll(async () => {
      browser = await launch(path ?? '')
    }, 60_000)
    afterAll(() => browser?.close())
    afterEach(async () => {
      for (const close of closers.splice(0).reverse()) await close()
    })

    async function world(code: string) {
      const urls: string[] = []
      const millrace = createServer({
        ...{ api, logger: silent },
        auth: ({ token }) => (token ? { id: token } : null),
      })
      const http = createHttpServer((_request, response) => {
        response.setHeader('content-type', 'text/html; charset=utf-8')
        response.end(pageOf(code))
      })
      http.on('request', ({ url = '' }) => urls.push(url))
      millrace.attach(http)
      await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
      closers.push(async () => {
        await millrace.close()
        http.closeAllConnections()
        http.close()
      })
      const network = new FaultyNetwork((http.address() as AddressInfo).port)
      const port = await network.listen()
      closers.push(() => network.close())
      const page = await browser.open()
      await page.goto(`http://localhost:${port}/`)
      return { millrace, network, page, port, kept: () => page.evaluate(() => window.kept()) }
    }

    it('[P1.14] as the guide has it, cut again and again, misses nothing and hears nothing twice', async () => {
      const { millrace, network, kept } = await world(GUIDE)
      let n = 0
      const publish = async (count: number) => {
        for (const end = n + count; n < end; ) await millrace.publish('chat:lobby', { n: ++n })
      }
      for (let cuts = 0; cuts < 4; cuts++) {
        // Before the first cut nothing is published: it still knows where it stood.
        await soon(async () => (await kept()).states.filter((state) => state !== 2)).toEqual([1])
        await publish(cuts * 3)
        if (cuts % 2 === 0) await soon(async () => (await kept()).messages.length).toBe(n)
        network.cut()
        await publish(2)
        await soon(async () => (await kept()).states.length).toBeGreaterThan(cuts + 1)
      }
      await soon(async () => (await kept()).messages.length).toBe(n)
      const { messages, gaps, states } = await kept()
      expect([messages, gaps]).toEqual([range(1, n), []])
      // Each was made anew: none came back by itself.
      expect(states.length).toBeGreaterThanOrEqual(5)
      expect(states.slice(0, -1).every((state) => state === 2)).toBe(true)
    })

    it('[P1.15] as the guide has it, asks to log in where the token is not accepted, and stays away when told so', async () => {
      const { millrace, network, page, kept } = await world(GUIDE)
      await soon(async () => (await kept()).states.at(-1)).toBe(1)
      await page.evaluate(() => {
        window.isLoggedIn = false
      })
      network.cut()
      await soon(async () => (await kept()).logIns).toBe(1)
      const other = await world(GUIDE)
      await soon(async () => (await other.kept()).states.at(-1)).toBe(1)
      other.millrace.user('ann').disconnect('Bye')
      await soon(async () => (await other.kept()).states).toEqual([2])
      // Nor did the first one go on: it would have had time to.
      expect([(await kept()).states.length, (await kept()).logIns]).toEqual([1, 1])
      await millrace.publish('chat:lobby', { n: 1 })
      expect((await other.kept()).logIns).toBe(0)
    })

    it('[P1.14] an EventSource that comes back by itself with the ticket that is used up stays closed', async () => {
      const code = `${WRITTEN.slice(WRITTEN.indexOf('async function ask'), WRITTEN.indexOf('async function follow'))}
        ask('/millrace/ticket', 'POST').then(({ ticket }) => {
          const source = new EventSource('/millrace/channels/chat:lobby/events?ticket=' + ticket)
          source.onmessage = ({ data }) => show(JSON.parse(data))
        })`
      const { millrace, network, kept } = await world(code)
      await soon(async () => (await kept()).states).toEqual([1])
      await millrace.publish('chat:lobby', { n: 1 })
      await soon(async () => (await kept()).messages).toEqual([1])
      network.cut()
      await soon(async () => (await kept()).states).toEqual([2])
    })

    it('[P1.14] a WebSocket without the SDK comes in, once', async () => {
      const { page, millrace } = await world(GUIDE)
      await page.evaluate(() => {
        window.answers = []
        const come = (url: string) => {
          const socket = new WebSocket(url)
          socket.onopen = () => socket.send('{"id":1,"connect":{"version":1}}')
          socket.onmessage = ({ data }) => {
            // The second comes when the first is in.
            if (window.answers.push(String(data)) === 1) come(url)
          }
        }
        window
          .ask('/millrace/ticket', 'POST')
          .then(({ ticket }) => come(`ws://${location.host}/millrace?ticket=${ticket}`))
      })
      await soon(() => page.evaluate(() => window.answers.length)).toBe(2)
      const answers = await page.evaluate(() => window.answers)
      const [first, second] = answers.map((text) => JSON.parse(text))
      expect([first.connected?.user, second.error?.code]).toEqual(['ann', 105])
      expect(millrace.user('ann').sessions()).toHaveLength(1)
    })
  })
})
