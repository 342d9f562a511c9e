/** The client as a bundler leaves it, in the other runtimes it promises to run in, against the real server. */
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer, type MillraceServer } from '@millrace/server'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tool } from '../../../test/support/tools.js'

/** What each runtime does, once per dialect and transport; it prints what came of it. */
const SCRIPT = `
import { createClient } from '@millrace/client'
import { binary } from '@millrace/client/binary'

const told = []
const ways = { json: {}, binary: { dialect: binary() }, stream: { transports: ['stream'] }, poll: { transports: ['poll'] } }
for (const [way, options] of Object.entries(ways)) {
  const client = createClient({ url: ENDPOINT, token: 'runtime', backoff: { base: 20 }, ...options })
  const states = []
  client.on('state', ({ name }) => states.at(-1) === name || states.push(name))
  client.handle('echo', ({ request }) => ({ echo: request }))
  const room = client.channel('chat:' + way, { member: { name: 'runtime' } })
  const heard = []
  const three = new Promise((resolve) => {
    room.on('message', (message, { recovered }) => {
      heard.push([message, recovered])
      if (heard.length === 3) resolve()
    })
  })
  // Nobody listens for errors: this one is shown, and the process lives on.
  const off = room.on('message', () => {
    throw new Error('a broken listener')
  })
  await room.subscribe()
  await room.publish('one')
  off()
  // The server cuts this session off, and publishes to it while it is away.
  await client.call('leave me', room.name)
  await three
  told.push({
    states,
    heard,
    members: (await room.members()).map(({ data }) => data),
    echo: await client.call('call me', { deep: [1, 'ß'] }),
    refused: await client.call('no such', 1).catch(({ kind }) => kind),
    history: (await room.history({ limit: 2 })).publications.map(({ message }) => message),
  })
  client.close()
}
console.log(JSON.stringify(told))
`

let folder: string
let server: MillraceServer
let file: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-client-'))
  const made = createServer({
    auth: ({ token }) => ({ id: token ?? '' }),
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  })
  made.handle('leave me', async ({ request, session }) => {
    const room = String(request)
    setTimeout(async () => {
      made.session(session).disconnect('Come back', 'shutdown')
      await made.publish(room, 'two')
      await made.publish(room, 'three')
    }, 20)
    return 'in a moment'
  })
  made.handle('call me', ({ request, session }) => made.session(session).call('echo', request))
  server = made as unknown as MillraceServer
  const { port } = await made.listen({ port: 0, host: '127.0.0.1' })
  const { outputFiles } = await build({
    stdin: { contents: SCRIPT, resolveDir: import.meta.dirname },
    define: { ENDPOINT: JSON.stringify(`ws://127.0.0.1:${port}/millrace`) },
    conditions: ['millrace:source'],
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
  })
  file = join(folder, 'client.mjs')
  await writeFile(file, outputFiles[0]?.contents ?? '')
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

/** What a runtime prints. Rejects when it fails or takes too long. */
function run(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...args, file], { stdio: ['ignore', 'pipe', 'pipe'], timeout: 15_000 })
    let output = ''
    let errors = ''
    child.stdout.on('data', (data) => {
      output += String(data)
    })
    child.stderr.on('data', (data) => {
      errors += String(data)
    })
    child.on('error', reject)
    child.on('close', (code) =>
      code === 0 ? resolve(output) : reject(new Error(`ended with ${code}: ${errors}`)),
    )
  })
}

const AWAY = 'reconnecting'
/** In which states, by which transport. One that has to be fetched first is the second to be tried, which is no loss of a connection. */
const STATES = {
  json: ['connecting', 'connected', AWAY, 'connected', 'closed'],
  binary: ['connecting', 'connected', AWAY, 'connected', 'closed'],
  stream: ['connecting', 'connected', AWAY, 'connected', 'closed'],
  poll: ['connecting', 'connected', 'degraded', AWAY, 'connected', 'degraded', 'closed'],
}
const EXPECTED = {
  heard: [
    ['one', false],
    ['two', true],
    ['three', true],
  ],
  members: [{ name: 'runtime' }],
  echo: { echo: { deep: [1, 'ß'] } },
  refused: 'unknown-method',
  history: ['two', 'three'],
}

describe.each([
  ['Bun', tool.bun(), []],
  ['Deno', tool.deno(), ['run', '--allow-net', '--no-prompt', '--quiet']],
  ['the newest Node', tool.newestNode(), []],
])('%s', (_, command, args) => {
  it.skipIf(command === undefined)(
    'runs the client in both dialects and over every transport, across a cut [P1.2] [P5.3] [P8.4] [P8.6]',
    async () => {
      const output = await run(command ?? '', args)
      expect(JSON.parse(output)).toEqual(Object.values(STATES).map((states) => ({ ...EXPECTED, states })))
    },
  )
})
