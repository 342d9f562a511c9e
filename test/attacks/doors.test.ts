/** What must not be let in, or out: pages of other origins with a user's cookie, and paths that lead elsewhere. */
import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { clientAt, LoadServer } from '../promises/load.js'
import { Process } from '../promises/processes.js'

const SERVER = fileURLToPath(new URL('./server.mjs', import.meta.url))
const START = fileURLToPath(new URL('../../scripts/start.mjs', import.meta.url))
const COOKIE = 'session=victim'

interface Answer {
  readonly status: number | undefined
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

/** By node:http, because fetch tidies paths, and sends no Origin that it is told. */
function ask(
  port: number,
  path: string,
  options: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, ...options }, (response) => {
      let body = ''
      response.on('data', (chunk) => {
        body += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }))
    })
    asked.on('error', reject)
    asked.end(options.method === 'POST' ? '{}' : undefined)
  })
}

/** The status that refused a WebSocket, or 101. */
const upgrade = (port: number, headers: Record<string, string>): Promise<number | undefined> =>
  new Promise((resolve) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/millrace`, { headers })
    socket.on('unexpected-response', (_, { statusCode }) => resolve(statusCode))
    socket.on('open', () => {
      socket.terminate()
      resolve(101)
    })
    socket.on('error', () => {})
  })

describe('[P8.1] [P9.3] a page of another origin, with the cookie of who is signed in', () => {
  let server: LoadServer
  beforeAll(async () => {
    server = await LoadServer.start({ guarded: true }, SERVER)
  })
  afterAll(() => server?.stop())

  const foreign = (port: number): string[] => [
    'https://evil.example',
    'null',
    'file://',
    `http://127.0.0.1:${port}.evil.example`,
    `http://127.0.0.1:${port + 1}`,
    `http://evil.example@127.0.0.1:${port}`,
    `http://127.0.0.1:${port}/`,
  ]

  it('is refused by WebSocket, stream, poll and readers alike, and nobody is asked whose cookie it is', async () => {
    const { port } = server
    for (const origin of foreign(port)) {
      const headers = { origin, cookie: COOKIE }
      expect(await upgrade(port, headers), `WebSocket from ${origin}`).toBe(403)
      for (const kind of ['poll', 'stream', 'send', 'close']) {
        const { status, headers: answered } = await ask(port, `/millrace/${kind}`, {
          method: 'POST',
          headers,
        })
        expect([status, answered['access-control-allow-origin']], `${kind} from ${origin}`).toEqual([
          403,
          undefined,
        ])
      }
      for (const view of ['events', 'publications']) {
        const {
          status,
          headers: answered,
          body,
        } = await ask(port, `/millrace/channels/chat:a/${view}`, { headers })
        expect([status, answered['access-control-allow-origin']], `${view} from ${origin}`).toEqual([
          403,
          undefined,
        ])
        expect(JSON.parse(body)).toMatchObject({ name: 'forbidden' })
      }
    }
    const control = clientAt(port, { token: 'control' })
    await control.connect()
    expect(await control.call('facts', null)).toMatchObject({ cookies: 0 })
    control.close()
  })

  it('and one of the same origin is let in', async () => {
    const { port } = server
    const headers = { origin: `http://127.0.0.1:${port}`, cookie: COOKIE }
    expect(await upgrade(port, headers)).toBe(101)
    expect((await ask(port, '/millrace/poll', { method: 'POST', headers })).status).toBe(200)
    expect((await ask(port, '/millrace/channels/chat:a/publications', { headers })).status).toBe(200)
  })
})

describe('paths that lead elsewhere, on the server of npm start', { timeout: 150_000 }, () => {
  let data = ''
  let running: Process
  let port = 0
  beforeAll(async () => {
    data = mkdtempSync(join(tmpdir(), 'attacks-start-'))
    running = new Process(process.execPath, [START, '--host', '127.0.0.1', '--port', '0', '--data', data])
    const [, found] = await running.says(/running at http:\/\/127\.0\.0\.1:(\d+)/)
    port = Number(found)
  }, 150_000)
  afterAll(async () => {
    await running?.kill()
    rmSync(data, { recursive: true, force: true })
  })

  const STEPS = ['..', '%2e%2e', '.%2e', '%2E.', '..%00', '%c0%ae%c0%ae', '..%5c..', '....//', '%252e%252e']
  const TARGETS = ['package.json', 'etc/passwd', 'apps/home/src/main.ts', '.git/config', 'data/']

  it('find nothing, however they are written', async () => {
    expect((await ask(port, '/')).status).toBe(200)
    let tried = 0
    for (const base of ['/', '/support/', '/assets/', '/support/desk/', '/millrace/', '/millrace/channels/'])
      for (const step of STEPS)
        for (const target of TARGETS)
          for (const slash of ['/', '%2f', '\\']) {
            const path = `${base}${`${step}${slash}`.repeat(4)}${target}`
            const { status, body } = await ask(port, path)
            expect([400, 404, 405], `${path} answered ${status}: ${body.slice(0, 80)}`).toContain(status)
            tried++
          }
    expect((await ask(port, '/')).status).toBe(200)
    console.info(`paths: ${tried} were tried, none led anywhere`)
  })
})
