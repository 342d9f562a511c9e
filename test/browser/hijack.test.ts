/**
 * Cross-site hijacking in real browsers: a page of another origin, opened by somebody who is signed in, asks the server by every way there is, and the
 * browser sends the cookie along. [P9.3] and docs/security.md.
 */
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { channel, createServer, defineApi, type Logger, type ServerOptions } from '@millrace/server'
import { createApiKey } from '@millrace/server/admin'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { soon } from './support/browser.js'
import { BROWSERS, type Browser } from './support/browsers.js'

const SECRET = 'what only Ann may read'
const api = defineApi({ channels: { 'inbox:{user}': channel({ history: { size: 10 } }) } })
const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** What the attack has come to, by way: what the page could read, or how it failed. */
type Way = 'websocket' | 'events' | 'publications' | 'stream' | 'poll' | 'admin' | 'script'
type Loot = { readonly [W in Way]?: string }
declare global {
  interface Window {
    loot: Loot
  }
}

/** Tries everything, and keeps what it gets. */
const attackOn = (endpoint: string): string => `<!doctype html><title>You have won</title><script>
  const loot = window.loot = {}
  const keep = (way) => (what) => { loot[way] ??= String(what) }
  const http = 'http://${endpoint}', commands = [
    { id: 1, connect: { version: 1 } },
    { id: 2, subscribe: { channel: 'inbox:ann', history: 5 } },
  ]
  const socket = new WebSocket('ws://${endpoint}')
  socket.onopen = () => socket.send(JSON.stringify(commands))
  socket.onmessage = ({ data }) => { if (data.includes('publication')) keep('websocket')(data) }
  socket.onerror = () => keep('websocket')('refused')
  const events = new EventSource(http + '/channels/inbox:ann/events?history=5', { withCredentials: true })
  events.onmessage = ({ data }) => { keep('events')(data); events.close() }
  events.onerror = () => { keep('events')('refused'); events.close() }
  const fetched = (way, path, init) => fetch(http + path, { credentials: 'include', ...init })
    .then(async (response) => keep(way)(response.status + ' ' + await response.text()), () => keep(way)('refused'))
  fetched('publications', '/channels/inbox:ann/publications')
  for (const way of ['stream', 'poll']) fetched(way, '/' + way, { method: 'POST', body: '{}' })
  fetched('admin', '/admin/stats')
  const script = document.createElement('script')
  script.src = http + '/channels/inbox:ann/publications'
  script.onload = () => keep('script')('loaded'), script.onerror = () => keep('script')('refused')
  document.head.append(script)
</script>`

describe.each(BROWSERS)('hijacking in %s', (_name, path, launch) => {
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

    async function site(page: string, headers: Readonly<Record<string, string>> = {}) {
      const http = createHttpServer((_request, response) => {
        response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...headers }).end(page)
      })
      await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
      closers.push(() => {
        http.closeAllConnections()
        http.close()
      })
      return { http, port: (http.address() as AddressInfo).port }
    }

    /** Ann has signed in, and opens a page that she should not. Of the same host, so that no browser's own rules keep the cookie back. */
    async function attack(options: Partial<ServerOptions<typeof api, { id: string }>> = {}) {
      const connected: string[] = []
      const { http, port } = await site('<!doctype html><title>Signed in</title>', {
        'set-cookie': 'session=of-ann; HttpOnly; Path=/',
      })
      const millrace = createServer({
        ...{ api, logger: silent, admin: { keys: [createApiKey({ scopes: ['*'] }).entry] } },
        auth: ({ headers }) => (headers['cookie']?.includes('session=of-ann') ? { id: 'ann' } : null),
        ...options,
      })
      millrace.channel('inbox:{user}').authorize(({ user, params }) => user.id === params.user)
      millrace.on('connect', ({ user }) => connected.push(user.id))
      millrace.attach(http)
      closers.push(() => millrace.close())
      await millrace.publish('inbox:ann', SECRET)
      const { port: evil } = await site(attackOn(`127.0.0.1:${port}/millrace`))
      const page = await browser.open()
      await page.goto(`http://127.0.0.1:${port}/`)
      await page.goto(`http://127.0.0.1:${evil}/`)
      await soon(async () => Object.keys(await page.evaluate(() => window.loot)).length).toBe(7)
      return { connected, loot: await page.evaluate(() => window.loot) }
    }

    it('gets nothing by any way, and nobody is connected', async () => {
      const { loot, connected } = await attack()
      expect(loot).toEqual({
        ...{ websocket: 'refused', events: 'refused', publications: 'refused' },
        ...{ stream: 'refused', poll: 'refused', admin: 'refused', script: 'refused' },
      })
      expect(connected).toEqual([])
    })

    it('would work if every origin were allowed: the test can fail', async () => {
      const { loot, connected } = await attack({ allowedOrigins: '*' })
      expect(loot.websocket).toContain(SECRET)
      expect(loot.events).toContain(SECRET)
      expect(loot.publications).toContain(SECRET)
      expect(loot.admin).toBe('refused')
      expect(connected).toContain('ann')
    })
  })
})
