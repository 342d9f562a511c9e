import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createServer, type Logger } from '@millrace/server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { tool } from '../support/tools.js'

const run = promisify(execFile)
const here = (file: string) => fileURLToPath(new URL(file, import.meta.url))
const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const compressed = createServer({ logger: silent, compression: { threshold: 256 } })
const plain = createServer({ logger: silent })
const urls: Record<'plain' | 'compressed', string> = { plain: '', compressed: '' }

beforeAll(async () => {
  const [a, b] = await Promise.all([plain.listen({ port: 0 }), compressed.listen({ port: 0 })])
  urls.plain = `ws://localhost:${a.port}/millrace`
  urls.compressed = `ws://localhost:${b.port}/millrace`
})
afterAll(() => Promise.all([plain.close(), compressed.close()]))

const python = tool.pythonWebsockets()
const clients: readonly [name: string, command: string | undefined, args: readonly string[]][] = [
  ['undici on Node 20', process.execPath, [here('script.mjs')]],
  ['the newest Node’s own WebSocket', tool.newestNode(), [here('script.mjs')]],
  ['Bun', tool.bun(), [here('script.mjs')]],
  ['Deno', tool.deno(), ['run', '--allow-all', here('script.mjs')]],
  ['Python websockets', python, [here('script.py')]],
]

describe.each(['plain', 'compressed'] as const)('a server with %s connections', (kind) => {
  for (const [name, command, args] of clients) {
    it.skipIf(command === undefined)(`[P1.1] [P1.2] [P1.4] talks to ${name}`, async () => {
      const { stdout } = await run(command ?? '', [...args, urls[kind]], { timeout: 15_000 })
      const result = JSON.parse(stdout)
      expect(result.seen.slice(0, 2)).toEqual(['connected', 'subscribed'])
      expect(result.seen.slice(2).toSorted()).toEqual(['publication', 'published'])
      expect(result).toMatchObject({ code: 1000, protocol: 'millrace.json' })
    })
  }

  it('talks to ws', async () => {
    const socket = new WebSocket(urls[kind], 'millrace.json', { perMessageDeflate: kind === 'compressed' })
    const received: string[] = []
    socket.on('message', (data) => received.push(String(data)))
    await new Promise((resolve) => socket.on('open', resolve))
    expect(socket.extensions).toBe(kind === 'compressed' ? 'permessage-deflate' : '')
    const text = 'grüße '.repeat(5_000)
    const commands = [
      { id: 1, connect: { version: 1 } },
      { id: 2, subscribe: { channel: 'a:b' } },
      { id: 3, publish: { channel: 'a:b', data: text } },
    ]
    socket.send(JSON.stringify(commands))
    const deadline = Date.now() + 5_000
    while (received.length < 4 && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 5))
    const publication = received.map((line) => JSON.parse(line)).find((message) => 'publication' in message)
    expect(publication?.publication.data).toBe(text)
    socket.close()
  })
})
