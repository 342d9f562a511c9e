/** `npm start` and `npm run build`, as a person at a terminal meets them. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect as connectHttp2, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'

const SCRIPTS = fileURLToPath(new URL('../../scripts/', import.meta.url))
const testOnly = (name: string): string =>
  fileURLToPath(new URL(`../../packages/server/test/tls/test-only-${name}.pem`, import.meta.url))
const CERTIFICATE = { cert: testOnly('ec.cert'), key: testOnly('ec.key') }
const PASSWORD = fileURLToPath(
  new URL('../../apps/support-chat/dist/login/hash-password.js', import.meta.url),
)
let data = ''
let children: ChildProcess[] = []

interface Run {
  readonly child: ChildProcess
  readonly output: () => string
  readonly ended: Promise<number | null>
}

function run(script: string, args: readonly string[], env: Record<string, string> = {}): Run {
  const child = spawn(process.execPath, [join(SCRIPTS, script), ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk
    })
  }
  const ended = once(child, 'close').then(([code]) => code as number | null)
  return { child, output: () => output, ended }
}

const start = (args: readonly string[], env?: Record<string, string>): Run =>
  run('start.mjs', ['--data', data, ...args], env)

/** Waits until it runs, and gives its address. */
async function address({ output, child }: Run): Promise<string> {
  await expect
    .poll(() => /running at (\S+)/.exec(output())?.[1] ?? child.exitCode, { timeout: 120_000 })
    .not.toBeNull()
  const found = /running at (\S+)/.exec(output())?.[1]
  if (found === undefined) throw new Error(`It ended with ${child.exitCode}:\n${output()}`)
  return found
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, 'localhost')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

beforeAll(() => {
  data = mkdtempSync(join(tmpdir(), 'millrace-start-'))
})
afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
  children = []
})
afterAll(() => rmSync(data, { recursive: true }))

describe('npm start', { timeout: 150_000 }, () => {
  it('prints where to click, and what it prints is there', async () => {
    const running = start(['--port', '0'])
    const url = await address(running)
    const links = [...running.output().matchAll(/^ {2}(http\S+)/gm)].map(([, link]) => link ?? '')
    expect(links).toEqual([`${url}/`, `${url}/support/`, `${url}/support/desk/`])
    for (const link of links) {
      const page = await fetch(link)
      expect(page.status, link).toBe(200)
      expect(page.headers.get('content-security-policy')).not.toContain('unsafe')
      for (const [, asset] of (await page.text()).matchAll(/(?:src|href)="(\/[^"]*assets\/[^"]+)"/g)) {
        expect((await fetch(url + asset)).status, asset).toBe(200)
      }
    }
    expect((await fetch(`${url}/nothing`)).status).toBe(404)
    expect((await fetch(`${url}/support`)).url).toBe(`${url}/support/`)
    expect(running.output()).toMatch(/^types: compiled in [\d.]+ s$/m)
    expect(running.output()).toMatch(/^apps\/support-chat: pages (bundled in [\d.]+ s|are up to date)$/m)
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('ends cleanly at %s, with people connected', async (signal) => {
    const running = start(['--port', '0'])
    const url = await address(running)
    const socket = new WebSocket(`${url.replace('http', 'ws')}/millrace`, 'millrace.json')
    await once(socket, 'open')
    socket.send('{"id":1,"connect":{"version":1}}')
    await once(socket, 'message')
    const begun = Date.now()
    running.child.kill(signal)
    expect(await running.ended).toBe(0)
    expect(Date.now() - begun).toBeLessThan(5_000)
  })

  it('serves over TLS: pages, tokens and WebSockets, by HTTP/2 and HTTP/1.1, and ends cleanly', async () => {
    const running = start(['--port', '0', '--tls-cert', CERTIFICATE.cert, '--tls-key', CERTIFICATE.key])
    const url = await address(running)
    expect(url).toMatch(/^https:/)
    const ca = readFileSync(CERTIFICATE.cert)
    const session = connectHttp2(url, { ca })
    const ask = async (headers: OutgoingHttpHeaders, body?: string) => {
      const stream = session.request(headers, { endStream: false })
      if (headers[':method'] !== 'CONNECT') stream.end(body)
      const [answer] = (await once(stream, 'response')) as [IncomingHttpHeaders]
      stream.close()
      return answer
    }
    const page = await ask({ ':path': '/support/' })
    expect([page[':status'], page['cross-origin-resource-policy']]).toEqual([200, 'same-origin'])
    const asked = { ':method': 'POST', ':path': '/support/session', 'content-type': 'application/json' }
    expect((await ask({ ...asked, origin: url }, '{"name":"Ann"}'))[':status']).toBe(200)
    expect((await ask({ ...asked, origin: 'https://other.example' }, '{"name":"Ann"}'))[':status']).toBe(403)
    // Two endpoints share the server, and a path that neither has is refused.
    const extended = { ':method': 'CONNECT', ':protocol': 'websocket', 'sec-websocket-version': '13' }
    for (const [path, status] of [
      ['/millrace', 200],
      ['/support/millrace', 200],
      ['/elsewhere', 404],
    ] as const)
      expect([path, (await ask({ ...extended, ':path': path }))[':status']]).toEqual([path, status])
    const socket = new WebSocket(`${url.replace('http', 'ws')}/millrace`, { ca })
    await once(socket, 'open')
    running.child.kill('SIGTERM')
    expect(await running.ended).toBe(0)
    session.destroy()
  })

  it('takes its port from PORT, and --port wins', async () => {
    const [one, two] = [await freePort(), await freePort()]
    expect(await address(start([], { PORT: String(one) }))).toBe(`http://localhost:${one}`)
    expect(await address(start(['--port', String(two)], { PORT: String(one) }))).toBe(
      `http://localhost:${two}`,
    )
  })

  it('says which port is taken and how to choose another', async () => {
    const server = createServer().listen(0, 'localhost')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const { ended, output } = start(['--port', String(port)])
    expect(await ended).toBe(1)
    expect(output()).toContain(`Port ${port} on localhost is taken`)
    expect(output()).toContain(`npm start -- --port ${port + 1}`)
    expect(output()).not.toContain('at ')
    server.close()
  })

  it.each([
    [['--port', 'http'], 'The port must be a number from 0 to 65535'],
    [['--port', '65536'], 'The port must be a number from 0 to 65535'],
    [['--port', '0', '--host', 'no.such.host.invalid'], "no address 'no.such.host.invalid'"],
    [['--prot', '8081'], "Unknown option '--prot'"],
    [['--tls-cert', 'fullchain.pem'], 'TLS needs both: npm start -- --tls-cert'],
    [
      ['--port', '0', '--tls-cert', '/no/such.pem', '--tls-key', CERTIFICATE.key],
      '--tls-cert: there is no file /no/such.pem',
    ],
  ])('%j ends with 1 and says what is wrong', async (args, words) => {
    const { ended, output } = start(args)
    expect(await ended).toBe(1)
    expect(output()).toContain(words)
  })

  it('--help tells all options, and ends with 0', async () => {
    const { ended, output } = start(['--help'])
    expect(await ended).toBe(0)
    for (const option of [
      '--port',
      '--host',
      '--data',
      '--agents',
      '--tls-cert',
      '--tls-key',
      '--help',
      'PORT',
    ])
      expect(output()).toContain(option)
  })

  it('takes the agents of the desk from a file, and says what is wrong with one', async () => {
    const file = join(data, 'agents.json')
    const hash = /^\$scrypt\S+$/m.exec(
      spawnSync(process.execPath, [PASSWORD], { input: 'open sesame\n', encoding: 'utf8' }).stdout,
    )
    const agents = [{ user: 'ada', name: 'Ada', role: 'lead', password: hash?.[0] }]
    writeFileSync(file, JSON.stringify(agents))
    const url = await address(start(['--port', '0'], { SUPPORT_AGENTS: file }))
    const logIn = async (user: string, password: string): Promise<number> => {
      const body = JSON.stringify({ user, password })
      const headers = { 'content-type': 'application/json' }
      return (await fetch(`${url}/support/desk/session`, { method: 'POST', headers, body })).status
    }
    expect(await logIn('ada', 'open sesame')).toBe(200)
    expect(await logIn('ines', 'mill-wheel-7')).toBe(401)
    expect(await (await fetch(`${url}/support/desk/session`)).json()).toEqual({ demo: [] })

    writeFileSync(file, JSON.stringify([{ ...agents[0], password: 'open sesame' }]))
    const { ended, output } = start(['--port', '0', '--agents', file])
    expect(await ended).toBe(1)
    expect(output()).toContain(
      `${file}: 0.password: not the hash of a password: make one with npm run password`,
    )
    expect(output()).not.toContain('open sesame')
  })

  it('refuses an upgrade to a path that no endpoint has, at once', async () => {
    const { port } = new URL(await address(start(['--port', '0'])))
    const socket = connect(Number(port), 'localhost')
    socket.write(
      'GET /elsewhere HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    )
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(String(answer)).toMatch(/^HTTP\/1\.1 404 /)
    socket.destroy()
  })
})

describe('npm run build', { timeout: 150_000 }, () => {
  it('bundles once, and not again while nothing has changed', async () => {
    expect(await run('build.mjs', []).ended).toBe(0)
    const again = run('build.mjs', [])
    expect(await again.ended).toBe(0)
    expect(again.output()).toContain('apps/home: pages are up to date')
    expect(again.output()).toContain('apps/support-chat: pages are up to date')
  })
})
