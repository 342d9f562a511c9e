/** The shell commands of docs/http.md, as they stand there. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createServer, type Logger } from '@millrace/server'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { requireTool } from './support/tools.js'

const guide = readFileSync(fileURLToPath(new URL('../docs/http.md', import.meta.url)), 'utf8')
const commands = [...guide.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, command = '']) => command)
const printed = [...guide.matchAll(/```(?:text|json)\n([\s\S]*?)```/g)].map(([, text = '']) => text)
const curl = requireTool('curl', 'apt-get install curl')
const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** What differs from run to run. */
const plain = (text: string): string =>
  text
    .replaceAll(/[\w-]+:4\d/g, 'EPOCH:4n')
    .replaceAll(/"time":\d+/g, '"time":0')
    .replaceAll(/retry: \d+/g, 'retry: 0')

describe.skipIf(curl === undefined)('the guide to plain HTTP', () => {
  let requests = 0
  const auth = () => {
    requests++
    return { id: 'anybody' }
  }
  const millrace = createServer({ auth, logger: silent, heartbeat: 500 })
  const running: ReturnType<typeof spawn>[] = []
  let port = 0
  beforeAll(async () => {
    port = (await millrace.listen({ port: 0, host: '127.0.0.1' })).port
    for (let n = 1; n <= 40; n++) await millrace.publish('chat:lobby', { text: `${n}` })
    await millrace.publish('chat:lobby', { text: 'hello' })
    await millrace.publish('chat:lobby', { text: 'anybody here?' })
  })
  afterAll(async () => {
    for (const { pid, exitCode } of running) if (pid !== undefined && exitCode === null) process.kill(-pid)
    await millrace.close()
  })

  /** Runs a command of the guide; what it has printed so far. */
  function run(command = ''): () => string {
    const here = command.replaceAll('localhost:8080', `127.0.0.1:${port}`)
    // A group of its own, which ends with all that it started.
    const child = spawn('sh', ['-c', here], { detached: true, stdio: ['ignore', 'pipe', 'ignore'] })
    running.push(child)
    let output = ''
    child.stdout?.on('data', (bytes) => {
      output += String(bytes)
    })
    return () => output
  }

  it('[P9.6] [P9.9] follows with curl, and prints what it says', async () => {
    const output = run(commands[0])
    await vi.waitFor(() => expect(plain(output())).toBe(plain(`${printed[0]}\n`)), { timeout: 5_000 })
  })

  it('[P9.13] reads a page, which is what it says', async () => {
    const output = run(commands[1])
    await vi.waitFor(() => expect(plain(output())).toBe(plain(printed[1] ?? '')), { timeout: 5_000 })
  })

  it('[P9.14] follows with nothing but a shell', async () => {
    const before = requests
    const output = run(commands[2])
    // It asks where the channel stands, and then waits.
    await vi.waitFor(() => expect(requests).toBe(before + 2), { timeout: 5_000 })
    for (let n = 1; n <= 5; n++) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      await millrace.publish('chat:lobby', { text: `shell ${n}` })
    }
    const texts = () => [...output().matchAll(/"text":"(.*?)"/g)].map(([, text]) => text)
    await vi.waitFor(() => expect(texts()).toEqual([1, 2, 3, 4, 5].map((n) => `shell ${n}`)), {
      timeout: 5_000,
    })
  })
})
