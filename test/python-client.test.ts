/**
 * The client of docs/examples/python, written from docs/writing-a-client.md: it proves that the document and the vectors are
 * enough to write one in another language.
 */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { call, channel, createServer, defineApi } from '@millrace/server'
import { afterEach, expect, test } from 'vitest'
import { tool } from './support/tools.js'

const here = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url))
const FOLDER = here('docs/examples/python')
const environment = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' }

const python = tool.python()
test.skipIf(python === undefined)('reads and writes the vectors of the JSON dialect', () => {
  const args = ['check_vectors.py', here('packages/protocol/vectors')]
  const { status, stdout, stderr } = spawnSync(python ?? '', args, {
    cwd: FOLDER,
    env: environment,
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  expect(stdout.match(/^(commands|messages|lenient|chains|codes): (\d+) of \2$/gm)).toHaveLength(5)
  expect(status).toBe(0)
})

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const api = defineApi({
  channels: {
    'chat:{room}': channel({ publish: 'anyone' }),
    'short:{room}': channel({ history: { size: 2 } }),
    'quiet:{room}': channel(),
  },
  calls: { sum: call(), 'device.double': call() },
})

/** The events a tour tells, one by one. */
class Tour {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #lines: AsyncIterator<string>
  #errors = ''

  constructor(python: string, url: string) {
    this.#child = spawn(python, ['tour.py', url], { cwd: FOLDER, env: environment })
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]()
    this.#child.stderr.on('data', (text) => {
      this.#errors += String(text)
    })
    cleanups.push(() => this.#child.kill())
  }

  async next(): Promise<Record<string, unknown>> {
    const line = await this.#lines.next()
    if (line.done) throw new Error(`the client ended: ${this.#errors}`)
    return JSON.parse(line.value)
  }

  /** The next events, as many as these are. Those of one channel come in order; between channels and replies none is promised. */
  async expect(...expected: Record<string, unknown>[]): Promise<void> {
    const got: Record<string, unknown>[] = []
    for (const _ of expected) got.push(await this.next())
    const byChannel = (a: Record<string, unknown>, b: Record<string, unknown>) =>
      String(a['channel']).localeCompare(String(b['channel']))
    expect(got.toSorted(byChannel)).toEqual(expected.toSorted(byChannel))
  }

  ended(): Promise<number | null> {
    return new Promise((resolve) => {
      if (this.#child.exitCode !== null) resolve(this.#child.exitCode)
      else this.#child.on('close', resolve)
    })
  }
}

const websockets = tool.pythonWebsockets()
test.skipIf(websockets === undefined)(
  '[P6.3] subscribes, publishes, calls, and recovers what it missed',
  async () => {
    const server = createServer({ api })
    cleanups.push(() => server.close())
    server.handle('sum', ({ request }) => (request as number[]).reduce((a, b) => a + b, 0))
    const { port } = await server.listen({ port: 0, host: '127.0.0.1' })

    const tour = new Tour(websockets ?? '', `ws://127.0.0.1:${port}/millrace`)
    const message = (room: string, text: string, offset: number) => ({ channel: room, message: text, offset })
    await tour.expect(
      message('chat:lobby', 'hello', 1),
      { published: 1 },
      { sum: 6 },
      { refused: 106, retry: 'never' },
    )
    const { ready } = await tour.next()
    const session = String(ready)
    expect(await server.session(session).call('device.double', 21)).toBe(42)
    await server.publish('short:lobby', 'one')
    await tour.expect(message('short:lobby', 'one', 1))

    // Away for a while: one channel keeps everything it misses, the other only the last two.
    const back = new Promise<void>((resolve) => {
      cleanups.push(server.on('connect', () => resolve()))
    })
    server.session(session).disconnect('moving on', 'shutdown')
    for (const text of ['a', 'b', 'c']) await server.publish('chat:lobby', text)
    for (const text of ['two', 'three', 'four', 'five']) await server.publish('short:lobby', text)
    await back
    await tour.expect(
      message('chat:lobby', 'a', 2),
      message('chat:lobby', 'b', 3),
      message('chat:lobby', 'c', 4),
      { channel: 'short:lobby', gap: 'history-trimmed', to: 3 },
      message('short:lobby', 'four', 4),
      message('short:lobby', 'five', 5),
    )
    await server.publish('chat:lobby', 'end')
    await tour.expect(message('chat:lobby', 'end', 5))
    expect(await tour.ended()).toBe(0)
  },
)
