/** Pages that nobody looks at, and machines that sleep, in a real Chromium: who is well stays, who was away has everything soon. */
import { once } from 'node:events'
import { createServer as createHttpServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { channel, createServer, defineApi, type Logger, type MillraceServer } from '@millrace/server'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FaultyNetwork } from '../support/faulty-network.js'
import { tool } from '../support/tools.js'
import { DevTools, type Tab } from './support/devtools.js'

const path = tool.chromium()

/** The page: a client, what it heard and when, and how its connection fared. */
const SCRIPT = `
  import { createClient } from '@millrace/client'
  const told = { heard: [], gaps: [], states: [], late: 0 }
  const url = new URL(location).searchParams.get('url')
  const client = createClient({ url })
  client.on('state', ({ name }) => told.states.push(name))
  const room = client.channel('room:one')
  room.on('message', ({ n, at }) => told.heard.push({ n, at, heardAt: Date.now() }))
  room.on('gap', (gap) => told.gaps.push(gap))
  // How late timers are.
  const tick = (due) => setTimeout(() => { told.late = Math.max(told.late, Date.now() - due); tick(Date.now() + 100) }, 100)
  tick(Date.now() + 100)
  room.subscribe().then(() => { window.told = told })
`
interface Told {
  readonly heard: readonly { readonly n: number; readonly at: number; readonly heardAt: number }[]
  readonly gaps: readonly unknown[]
  readonly states: readonly string[]
  readonly late: number
}

const api = defineApi({ channels: { 'room:{name}': channel({ history: { size: 10_000 } }) } })
const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} }
const HEARTBEAT = { heartbeat: 1500, patience: 1000 } as const
/** Much longer than silence is suffered. */
const AWAY = 6000
const CAUGHT_UP = 3000
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describe.skipIf(path === undefined)('in Chromium', { timeout: 90_000 }, () => {
  let pages: Server
  let server: MillraceServer<typeof api>
  let browser: DevTools
  let port = 0
  let publishing: NodeJS.Timeout
  let count = 0

  beforeAll(async () => {
    const { outputFiles } = await build({
      stdin: { contents: SCRIPT, resolveDir: fileURLToPath(new URL('../../', import.meta.url)) },
      conditions: ['millrace:source'],
      bundle: true,
      format: 'esm',
      write: false,
    })
    pages = createHttpServer((_request, response) => {
      response.setHeader('content-type', 'text/html; charset=utf-8')
      response.end(
        `<!doctype html><title>sleep</title><script type="module">${outputFiles[0]?.text}</script>`,
      )
    }).listen(0, '127.0.0.1')
    await once(pages, 'listening')
    server = createServer({ api, ...HEARTBEAT, allowedOrigins: '*', logger: silent })
    port = (await server.listen({ port: 0, host: '127.0.0.1' })).port
    publishing = setInterval(() => {
      void server.publish('room:one', { n: ++count, at: Date.now() })
    }, 100)
    browser = await DevTools.launch(path ?? '')
  }, 60_000)
  afterAll(async () => {
    clearInterval(publishing)
    await browser?.close()
    await server?.close()
    pages?.close()
  })

  async function open(): Promise<{ readonly tab: Tab; readonly network: FaultyNetwork }> {
    const network = new FaultyNetwork(port)
    const url = `ws://127.0.0.1:${await network.listen()}/millrace`
    const { port: at } = pages.address() as AddressInfo
    const tab = await browser.open(`http://127.0.0.1:${at}/?url=${encodeURIComponent(url)}`)
    for (let tries = 0; !(await tab.evaluate<boolean>('"told" in window')); tries++) {
      if (tries > 200) throw new Error('The page does not connect')
      await pause(50)
    }
    return { tab, network }
  }
  const toldTo = (tab: Tab): Promise<Told> => tab.evaluate<Told>('told')

  /** How long it takes a page that was away until then to have everything, once and in order, and something since. */
  async function back(what: string, tab: Tab, then: number): Promise<void> {
    for (;;) {
      const { heard, gaps, late } = await toldTo(tab)
      const since = heard.find(({ at }) => at >= then)
      if (since === undefined && Date.now() - then < 20_000) {
        await pause(50)
        continue
      }
      const took = (since?.heardAt ?? Number.POSITIVE_INFINITY) - then
      console.info(`${what}: everything after ${took} ms; timers were ${late} ms late at most`)
      const first = heard[0]?.n ?? 0
      expect(heard.map(({ n }) => n)).toEqual(heard.map((_, i) => first + i))
      expect(gaps).toEqual([])
      expect(took).toBeLessThan(CAUGHT_UP)
      return
    }
  }

  it('[P7.2] a page that nobody sees keeps its connection though its timers hardly run; seen again, or going on after it was frozen, it has everything at once', async () => {
    const [hidden, frozen] = [await open(), await open()]
    await browser.open('about:blank')
    await frozen.tab.freeze()
    await pause(AWAY)
    const told = await toldTo(hidden.tab)
    expect(await hidden.tab.evaluate('document.visibilityState')).toBe('hidden')
    expect([hidden.network.connections, told.states]).toEqual([1, ['connecting', 'connected']])
    // Its messages come though its timers do not.
    expect(count - (told.heard.at(-1)?.n ?? 0)).toBeLessThan(20)
    // Cut off without a word, it cannot know: nothing in it runs.
    hidden.network.swallow()
    await pause(AWAY)
    const shownAt = Date.now()
    await hidden.tab.show()
    await back('hidden', hidden.tab, shownAt)
    expect((await toldTo(hidden.tab)).late).toBeGreaterThan(900)
    expect(hidden.network.connections).toBeGreaterThan(1)
    const thawedAt = Date.now()
    await frozen.tab.thaw()
    await frozen.tab.show()
    await back('frozen', frozen.tab, thawedAt)
    expect((await toldTo(frozen.tab)).late).toBeGreaterThan(AWAY)
    for (const { network } of [hidden, frozen]) await network.close()
  })

  it('[P7.2] a machine that slept has everything soon after it wakes up', async () => {
    const { tab, network } = await open()
    const pids = await browser.pids()
    browser.signal('SIGSTOP', pids)
    await pause(AWAY)
    const wokeAt = Date.now()
    browser.signal('SIGCONT', pids)
    await back('asleep', tab, wokeAt)
    // The server had let it go.
    expect(network.connections).toBeGreaterThan(1)
    await network.close()
  })
})
