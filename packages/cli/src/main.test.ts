/** The program as a process, compiled: what a shell and a pipe see of it. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const MAIN = here('../dist/main.js')
const APIS = here('../test/apis')

beforeAll(async () => {
  const { compile } = await import(here('../../../scripts/build.mjs'))
  await compile(['packages/cli'])
  // Another test may be building all there is.
}, 240_000)

const millrace = (...args: string[]) =>
  spawnSync(process.execPath, [MAIN, ...args], { cwd: APIS, encoding: 'utf8', timeout: 15_000 })

test('what the module prints is no part of the document, and what it leaves running does not keep the program', () => {
  const { status, stdout, stderr } = millrace('api', 'plain.mjs', '--json')
  expect({ status, stderr }).toEqual({ status: 0, stderr: 'the module is loaded\n' })
  expect(JSON.parse(stdout)).toMatchObject({ channels: { chatRoom: { address: 'chat:{room}' } } })
})

test('it ends with 1 when it failed and with 2 when it was called wrongly', () => {
  expect(millrace('api', 'missing.mjs')).toMatchObject({ status: 1, stdout: '' })
  expect(millrace('api')).toMatchObject({ status: 2, stdout: '' })
})

test('whoever reads may stop reading', async () => {
  const child = spawn(process.execPath, [MAIN, 'api', 'plain.mjs'], {
    cwd: APIS,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let complaint = ''
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk
  })
  child.stdout.destroy()
  const [code] = await once(child, 'close')
  expect({ code, complaint }).toEqual({ code: 0, complaint: 'the module is loaded\n' })
})

const reads = 'typescript' in process.features && process.features.typescript !== false
test(`TypeScript is ${reads ? 'read by this Node' : 'more than this Node reads, and it says what to do'}`, () => {
  const { status, stdout, stderr } = millrace('api', 'everything.ts', '--json')
  if (reads) {
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toHaveProperty('channels.quotesMarket')
    return
  }
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  expect(stderr).toMatch(
    /^millrace api: everything\.ts is TypeScript, which Node \S+ does not read; 22\.18 and later do/,
  )
  expect(stderr).toContain("NODE_OPTIONS='--import tsx' millrace api")
})
