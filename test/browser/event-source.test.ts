/** EventSource in real browsers, as docs/http.md has it, over a network that breaks: nothing lost, nothing twice, a gap once. */
import { readFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import {
  channel,
  createServer,
  defineApi,
  type Logger,
  MillraceError,
  type ServerOptions,
} from '@millrace/server'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { FaultyNetwork } from '../support/faulty-network.js'
import { soon } from './support/browser.js'
import { BROWSERS, type Browser } from './support/browsers.js'

/** What the page keeps of what its EventSource says. */
interface Told {
  readonly messages: readonly { readonly n: number; readonly id: string }[]
  readonly gaps: readonly { readonly from: string; readonly to: string; readonly reason: string }[]
  readonly closes: readonly { readonly code: number; readonly name: string }[]
  readonly opened: number
  /** EventSource.readyState: 0 connecting, 1 open, 2 closed. */
  readonly state: number
}
interface Serving {
  readonly options?: ServerOptions<typeof api, { id: string } | undefined>
  /** The script of the page. Default: that of the guide. */
  readonly code?: string
  readonly port?: number
}
declare global {
  interface Window {
    told: () => Told
  }
}

const api = defineApi({
  channels: {
    'chat:{room}': channel({ history: { size: 200 } }),
    'short:{room}': channel({ history: { size: 3 } }),
  },
})
const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

const GUIDE_PAGE = fileURLToPath(new URL('../../docs/http.md', import.meta.url))
/** The guide's code, which follows chat:lobby from its newest 20 on. */
const [, GUIDE = ''] = /```js\n([\s\S]*?)```/.exec(readFileSync(GUIDE_PAGE, 'utf8')) ?? []
const pageOf = (code: string): string => `<!doctype html><title>reader</title><script>
  const messages = [], gaps = [], closes = []
  let opened = 0
  const show = ({ n }, id) => messages.push({ n, id })
  const warn = (gap) => gaps.push(gap)
  ${code}
  source.addEventListener('close', ({ data }) => closes.push(JSON.parse(data)))
  source.addEventListener('open', () => opened++)
  window.told = () => ({ messages, gaps, closes, opened, state: source.readyState })
</script>`

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

describe.each(BROWSERS)('EventSource in %s', (_name, path, launch) => {
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

    async function serve({ options = {}, code = GUIDE, port = 0 }: Serving = {}) {
      const millrace = createServer({ api, logger: silent, ...options })
      const http = createHttpServer((_request, response) => {
        response.setHeader('content-type', 'text/html; charset=utf-8')
        response.end(pageOf(code))
      })
      millrace.attach(http)
      await new Promise<void>((resolve) => http.listen(port, '127.0.0.1', resolve))
      const stop = async () => {
        await millrace.close()
        http.closeAllConnections()
        http.close()
      }
      closers.push(stop)
      return { millrace, stop, port: (http.address() as AddressInfo).port }
    }

    async function world(serving?: Serving) {
      const server = await serve(serving)
      const network = new FaultyNetwork(server.port)
      const port = await network.listen()
      closers.push(() => network.close())
      const page = await browser.open()
      await page.goto(`http://localhost:${port}/`)
      return { ...server, network, told: () => page.evaluate(() => window.told()) }
    }

    it('[P9.7] as the guide has it, cut again and again, misses nothing and hears nothing twice', async () => {
      const { millrace, network, told } = await world()
      let n = 0
      const publish = async (count: number) => {
        for (const end = n + count; n < end; ) await millrace.publish('chat:lobby', { n: ++n })
      }
      // Before the first cut nothing is published: it still knows where it stood.
      for (let cuts = 0; cuts < 4; cuts++) {
        await soon(async () => (await told()).opened).toBe(cuts + 1)
        await publish(cuts * 3)
        if (cuts % 2 === 0) await soon(async () => (await told()).messages.length).toBe(n)
        network.cut()
        await publish(2)
      }
      await soon(async () => (await told()).messages.length).toBe(n)
      const { messages, gaps } = await told()
      expect([messages.map((one) => one.n), gaps]).toEqual([range(1, n), []])
      expect(messages.at(-1)?.id).toMatch(new RegExp(`^[\\w-]+:${n}$`))
    })

    it('[P9.8] is told once of what was trimmed while it was away', async () => {
      const code = GUIDE.replace('chat:lobby', 'short:lobby')
      const { millrace, network, told } = await world({ code })
      await soon(async () => (await told()).opened).toBe(1)
      await millrace.publish('short:lobby', { n: 1 })
      await soon(async () => (await told()).messages.length).toBe(1)
      network.refusing = true
      network.cut()
      for (let n = 2; n <= 9; n++) await millrace.publish('short:lobby', { n })
      network.refusing = false
      await soon(async () => (await told()).messages.length).toBe(4)
      network.cut()
      await soon(async () => (await told()).opened).toBe(3)
      await millrace.publish('short:lobby', { n: 10 })
      await soon(async () => (await told()).messages.length).toBe(5)
      const { messages, gaps } = await told()
      expect(messages.map(({ n }) => n)).toEqual([1, 7, 8, 9, 10])
      expect(gaps).toEqual([
        { from: messages[0]?.id, to: messages[0]?.id.replace(/1$/, '6'), reason: 'history-trimmed' },
      ])
    })

    it('[P9.10] comes back to a server that has started again, and is told that the past is gone', async () => {
      const { millrace, stop, port, told } = await world()
      await soon(async () => (await told()).opened).toBe(1)
      await millrace.publish('chat:lobby', { n: 1 })
      await soon(async () => (await told()).messages.length).toBe(1)
      await stop()
      const next = await serve({ port })
      await next.millrace.publish('chat:lobby', { n: 2 })
      await soon(async () => (await told()).messages.length).toBe(2)
      const { gaps, closes } = await told()
      expect([gaps.map(({ reason }) => reason), closes.map(({ name }) => name)]).toEqual([
        ['epoch-changed'],
        ['shutdown'],
      ])
    })

    it('[P9.11] comes back from what passes, and stays away when told so', async () => {
      let refusals = 2
      const auth = () => {
        if (refusals-- > 0) throw new MillraceError('unavailable', { message: 'The directory is away' })
        return { id: 'ann' }
      }
      const { millrace, told } = await world({ options: { auth } })
      await soon(async () => (await told()).closes.map(({ name }) => name)).toEqual([
        'unavailable',
        'unavailable',
      ])
      await soon(async () => (await told()).opened).toBe(3)
      await millrace.publish('chat:lobby', { n: 1 })
      await soon(async () => (await told()).messages.length).toBe(1)
      millrace.user('ann').disconnect('Bye')
      await soon(async () => (await told()).state).toBe(2)
      expect((await told()).closes.at(-1)).toMatchObject({ code: 4502, message: 'Bye' })
    })

    it('[P9.3] [P9.5] gives up where it may not, and pages of other origins where they may not', async () => {
      const { told } = await world({ options: { auth: () => null } })
      await soon(async () => (await told()).state).toBe(2)
      const other = await serve()
      const allowing = await serve({ options: { allowedOrigins: [/^http:\/\/localhost:/] } })
      for (const { port, millrace } of [other, allowing]) {
        const there = `http://127.0.0.1:${port}/millrace`
        const page = await world({ code: GUIDE.replace('/millrace', there) })
        if (port === other.port) await soon(async () => (await page.told()).state).toBe(2)
        else {
          await soon(async () => (await page.told()).opened).toBe(1)
          await millrace.publish('chat:lobby', { n: 1 })
          await soon(async () => (await page.told()).messages.length).toBe(1)
        }
      }
    })
  })
})
