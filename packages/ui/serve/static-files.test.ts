import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request as httpRequest, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HttpProblem, readJson, sendJson } from './json.js'
import { staticFiles } from './static-files.js'

const SCRIPT = 'console.log("hello")\n'.repeat(200)
let folder = ''
let server: Server

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'static-'))
  mkdirSync(join(folder, 'web/assets'), { recursive: true })
  mkdirSync(join(folder, 'web/desk'))
  writeFileSync(join(folder, 'secret.txt'), 'secret')
  writeFileSync(join(folder, 'web/index.html'), '<p>home')
  writeFileSync(join(folder, 'web/desk/index.html'), '<p>desk')
  writeFileSync(join(folder, 'web/assets/app-1a2b.js'), SCRIPT)
  const handle = staticFiles({
    folder: join(folder, 'web'),
    base: '/app/',
    pageFor: (path) => (/^\/app\/items\/\w+$/.test(path) ? 'index.html' : undefined),
  })
  server = createServer((request, response) => {
    if (request.url === '/json') {
      readJson(request).then(
        (body) => sendJson(response, 200, body),
        (error) => sendJson(response, error instanceof HttpProblem ? error.status : 500, String(error)),
      )
    } else if (!handle(request, response)) response.writeHead(404).end('not here')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(() => {
  server.close()
  rmSync(folder, { recursive: true })
})

interface Answer {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}
/** By node:http, because fetch tidies paths before it sends them. */
function ask(path: string, headers: Record<string, string> = {}, method = 'GET', body = ''): Promise<Answer> {
  const { port } = server.address() as AddressInfo
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, path, method, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }),
      )
    })
    request.on('error', reject)
    request.end(body)
  })
}

describe('static files', () => {
  it.each([
    ['/app/', 200, '<p>home'],
    ['/app/?product=kettle', 200, '<p>home'],
    ['/app/index.html', 200, '<p>home'],
    ['/app/desk/', 200, '<p>desk'],
    ['/app/items/kettle', 200, '<p>home'],
    ['/app/items/', 404, 'not here'],
    ['/app/nothing', 404, 'not here'],
    ['/', 404, 'not here'],
    ['/app/../secret.txt', 404, 'not here'],
    ['/app/..%2fsecret.txt', 404, 'not here'],
    ['/app/%2e%2e/secret.txt', 404, 'not here'],
    ['/app/..\\secret.txt', 404, 'not here'],
    ['/app//etc/passwd', 404, 'not here'],
    ['/app/assets/app-1a2b.js%00.html', 404, 'not here'],
    ['/app/assets/', 404, 'not here'],
  ])('%s is %i', async (path, status, body) => {
    const answer = await ask(path)
    expect([answer.status, String(answer.body)]).toEqual([status, body])
  })

  it('leads a folder without its slash to the page', async () => {
    const { status, headers } = await ask('/app/desk')
    expect([status, headers.location]).toEqual([308, '/app/desk/'])
  })

  it('lets browsers keep hashed names for good and makes them ask for pages again', async () => {
    expect((await ask('/app/assets/app-1a2b.js')).headers['cache-control']).toContain('immutable')
    const page = await ask('/app/')
    expect(page.headers['cache-control']).toBe('no-cache')
    const again = await ask('/app/', { 'if-none-match': String(page.headers.etag) })
    expect([again.status, again.body.length]).toEqual([304, 0])
  })

  it('compresses as the browser asks', async () => {
    const path = '/app/assets/app-1a2b.js'
    const br = await ask(path, { 'accept-encoding': 'gzip, deflate, br' })
    expect(br.headers['content-encoding']).toBe('br')
    expect(String(brotliDecompressSync(br.body))).toBe(SCRIPT)
    const gz = await ask(path, { 'accept-encoding': 'gzip, br;q=0' })
    expect(gz.headers['content-encoding']).toBe('gzip')
    expect(String(gunzipSync(gz.body))).toBe(SCRIPT)
    expect((await ask(path)).headers['content-encoding']).toBeUndefined()
  })

  it('answers HEAD without a body and refuses other methods', async () => {
    const head = await ask('/app/assets/app-1a2b.js', {}, 'HEAD')
    expect([head.status, head.headers['content-length'], head.body.length]).toEqual([
      200,
      String(SCRIPT.length),
      0,
    ])
    const post = await ask('/app/', {}, 'POST')
    expect([post.status, post.headers.allow]).toEqual([405, 'GET, HEAD'])
  })

  it('allows nothing inline and no framing', async () => {
    const policy = String((await ask('/app/')).headers['content-security-policy'])
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).toContain("require-trusted-types-for 'script'; trusted-types 'none'")
    expect(policy).not.toContain('unsafe')
    expect((await ask('/app/')).headers['x-content-type-options']).toBe('nosniff')
  })

  it.each([
    ['a page', '/app/', 'GET'],
    ['a script', '/app/assets/app-1a2b.js', 'GET'],
    ['a way to a folder', '/app/desk', 'GET'],
    ['a refusal', '/app/', 'POST'],
    ['JSON', '/json', 'POST'],
  ])('gives pages of other origins nothing, and frames nothing: %s', async (_, path, method) => {
    const { headers } = await ask(path, {}, method)
    expect(headers['cross-origin-resource-policy']).toBe('same-origin')
    expect(headers['x-content-type-options']).toBe('nosniff')
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'")
  })
})

describe('JSON bodies', () => {
  const JSON_TYPE = { 'content-type': 'application/json' }
  it.each([
    ['JSON', JSON_TYPE, '{"a":1}', 200],
    ['a form, which any site may send', { 'content-type': 'application/x-www-form-urlencoded' }, 'a=1', 415],
    ['another site', { ...JSON_TYPE, origin: 'https://elsewhere.example' }, '{}', 403],
    ['an opaque origin', { ...JSON_TYPE, origin: 'null' }, '{}', 403],
    ['what is no JSON', JSON_TYPE, '{"a":', 400],
    ['nothing', JSON_TYPE, '', 400],
    ['this site', { ...JSON_TYPE, host: 'chat.example', origin: 'https://chat.example' }, '{}', 200],
    ['too much', JSON_TYPE, JSON.stringify('x'.repeat(9_000)), 413],
  ])('%s', async (_, headers, body, status) => {
    expect((await ask('/json', headers, 'POST', body)).status).toBe(status)
  })
})
