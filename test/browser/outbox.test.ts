/** The outbox's IndexedDB store, in a real browser: what a page leaves behind, the next one sends. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { tool } from '../support/tools.js'
import { launchChromium } from './support/browser.js'

const path = tool.chromium()

/** What the page's script offers to the test. */
interface PageScript {
  /** Writes into an outbox whose client is away. */
  write(data: readonly unknown[]): Promise<void>
  /** Sends what waits, by a client that acknowledges all, and gives what it sent. */
  send(): Promise<unknown[]>
}
declare global {
  interface Window {
    outboxPage: PageScript
  }
}

const SCRIPT = `
  import { createOutbox, indexedDbStore } from '@millrace/client/outbox'
  const sent = []
  let listener = () => {}
  const client = {
    state: { name: 'offline' },
    on: (event, heard) => { listener = heard; return () => {} },
    channel: () => ({ publish: async (data) => { sent.push(data); return { epoch: 'e', offset: sent.length } } }),
  }
  const outbox = createOutbox(client, { store: indexedDbStore('test') })
  const settled = () => new Promise((resolve) => setTimeout(resolve, 100))
  window.outboxPage = {
    async write(data) {
      for (const one of data) outbox.publish('room:one', one).catch(() => {})
      await settled()
    },
    async send() {
      client.state = { name: 'connected' }
      listener()
      while (outbox.waiting.length > 0) await settled()
      await settled()
      return sent
    },
  }
`

describe.skipIf(path === undefined)('the outbox in a browser', { timeout: 60_000 }, () => {
  let server: Server
  let browser: Browser
  let context: BrowserContext
  let url = ''

  beforeAll(async () => {
    const { outputFiles } = await build({
      stdin: { contents: SCRIPT, resolveDir: fileURLToPath(new URL('../../', import.meta.url)) },
      conditions: ['millrace:source'],
      bundle: true,
      format: 'esm',
      write: false,
    })
    const page = `<!doctype html><title>outbox</title><script type="module">${outputFiles[0]?.text}</script>`
    server = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html; charset=utf-8')
      response.end(page)
    }).listen(0, 'localhost')
    await once(server, 'listening')
    url = `http://localhost:${(server.address() as AddressInfo).port}/`
    browser = await launchChromium(path ?? '')
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    server?.close()
  })
  beforeEach(async () => {
    context = await browser.newContext()
  })
  afterEach(() => context.close())

  async function open(): Promise<Page> {
    const page = await context.newPage()
    await page.goto(url)
    await page.waitForFunction(() => 'outboxPage' in window)
    return page
  }

  it('is emptied by the next page, in order, once', async () => {
    const first = await open()
    await first.evaluate(() => window.outboxPage.write([1, 2, 3]))
    await first.close()
    const second = await open()
    expect(await second.evaluate(() => window.outboxPage.send())).toEqual([1, 2, 3])
    await second.close()
    const third = await open()
    expect(await third.evaluate(() => window.outboxPage.send())).toEqual([])
  })

  it('survives a reload, and what the page adds comes behind', async () => {
    const page = await open()
    await page.evaluate(() => window.outboxPage.write(['before']))
    await page.reload()
    await page.waitForFunction(() => 'outboxPage' in window)
    await page.evaluate(() => window.outboxPage.write(['after']))
    expect(await page.evaluate(() => window.outboxPage.send())).toEqual(['before', 'after'])
  })

  it('leaves alone what belongs to a page that lives', async () => {
    const one = await open()
    await one.evaluate(() => window.outboxPage.write(['mine']))
    const two = await open()
    await two.evaluate(() => window.outboxPage.write(['yours']))
    expect(await two.evaluate(() => window.outboxPage.send())).toEqual(['yours'])
    expect(await one.evaluate(() => window.outboxPage.send())).toEqual(['mine'])
  })
})
