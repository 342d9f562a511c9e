import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'

const root = fileURLToPath(new URL('..', import.meta.url))
if (!existsSync(`${root}/packages/server/dist/index.js`))
  throw new Error('The examples run what is built: npm run build')

let child: ChildProcess | undefined
afterEach(() => {
  child?.kill('SIGKILL')
  child = undefined
})

/** Starts an example on a free port; resolves with what it printed when `until` matches it. */
function start(file: string, until: RegExp): Promise<RegExpExecArray> {
  const started = spawn(process.execPath, [`examples/${file}`], {
    cwd: root,
    env: { ...process.env, PORT: '0' },
  })
  child = started
  return new Promise((resolve, reject) => {
    let output = ''
    const listen = (data: Buffer) => {
      output += String(data)
      const match = until.exec(output)
      if (match !== null) resolve(match)
    }
    started.stdout.on('data', listen)
    started.stderr.on('data', listen)
    started.on('exit', (code) => reject(new Error(`${file} ended with ${code}: ${output}`)))
  })
}

describe('the examples', () => {
  it.each([
    ['http.mjs', 'Hello from node:http'],
    ['express.mjs', 'Hello from Express'],
    ['fastify.mjs', 'Hello from Fastify'],
    ['hono.mjs', 'Hello from Hono'],
  ])('%s serves its pages and Millrace side by side', async (file, greeting) => {
    const [, port] = await start(file, /http:\/\/localhost:(\d+)/)
    expect((await (await fetch(`http://localhost:${port}/`)).text()).trim()).toBe(greeting)
    const socket = new WebSocket(`ws://localhost:${port}/millrace`, 'millrace.json')
    const reply = new Promise((resolve, reject) => {
      socket.on('error', reject)
      socket.on('message', (data) => resolve(JSON.parse(String(data))))
    })
    socket.on('open', () => socket.send('{"id":1,"connect":{"version":1}}'))
    expect(await reply).toMatchObject({ id: 1, connected: { heartbeat: 10_000 } })
    socket.terminate()
    const elsewhere = new WebSocket(`ws://localhost:${port}/elsewhere`)
    const refused = await new Promise((resolve) => elsewhere.on('error', ({ message }) => resolve(message)))
    expect(refused).toContain('404')
  })

  it('chat.test.mjs tests an application with node:test alone', async () => {
    const tests = spawn(process.execPath, ['--test', '--test-reporter=tap', 'examples/chat.test.mjs'], {
      cwd: root,
    })
    let output = ''
    tests.stdout.on('data', (data) => {
      output += String(data)
    })
    const [code] = await once(tests, 'close')
    expect([code, output.match(/^# pass \d+$/m)?.[0]], output).toEqual([0, '# pass 3'])
  })

  it('devices.mjs tells a device what to do while it is away, and has it done once', async () => {
    const [output] = await start('devices.mjs', /^again: \d+\n/m)
    expect(output).toBe('again: 12\n')
  })

  it('chat.mjs, the README’s example, does what its comments say', async () => {
    const output = await start('chat.mjs', /^1 hi\n2 hello from the server\n.*Not allowed.*\n/s).catch(
      (error) => error.message,
    )
    expect(String(output)).toContain('1 hi\n2 hello from the server\nNot allowed: publish')
  })
})
