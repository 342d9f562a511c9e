/** A Redis of a test's own: a child process on a free port, with its data in a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { createClient } from '@redis/client'
import { requireTool } from '../../../test/support/tools.js'

/** The server's path; undefined when the tests that need it are to be skipped. */
export const redisServer = requireTool('redis-server', 'apt-get install redis-server')

export interface RedisOptions {
  /** Whether each write is on disk before it is answered. Default false: nothing is kept but by `save`. */
  readonly aof?: boolean
  readonly password?: string
}

export class RedisServer {
  readonly port: number
  readonly #folder = mkdtempSync(join(tmpdir(), 'millrace-redis-'))
  readonly #options: RedisOptions
  #child: ChildProcess | undefined

  private constructor(port: number, options: RedisOptions) {
    this.port = port
    this.#options = options
  }

  static async start(options: RedisOptions = {}): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), options)
    await server.start()
    return server
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** Starts it, with what is in its folder. */
  async start(): Promise<void> {
    const { aof = false, password } = this.#options
    const settings = {
      port: String(this.port),
      bind: '127.0.0.1',
      dir: this.#folder,
      save: '',
      appendonly: aof ? 'yes' : 'no',
      appendfsync: 'always',
      ...(password === undefined ? {} : { requirepass: password }),
    }
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
    const child = spawn(redisServer ?? 'redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#child = child
    await ready(child)
  }

  /** As if the machine lost power, but for what the disk has. */
  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }

  freeze(): void {
    this.#child?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child?.kill('SIGCONT')
  }

  /** Throws its data away. */
  wipe(): void {
    rmSync(this.#folder, { recursive: true, force: true })
    mkdirSync(this.#folder)
  }

  /** Has Redis do something, on a connection for that alone. */
  async command(...args: string[]): Promise<unknown> {
    const client = createClient({ url: this.url, maintNotifications: 'disabled' })
    client.on('error', () => {})
    await client.connect()
    try {
      return await client.sendCommand(args)
    } finally {
      client.destroy()
    }
  }

  async close(): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** Resolves when it takes connections. What it says after that is read as well, so that it is never held up. */
function ready({ stdout }: { readonly stdout: Readable } & ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    stdout.on('data', (chunk) => {
      said = (said + String(chunk)).slice(-4_000)
      if (said.includes('Ready to accept connections')) resolve()
    })
    stdout.once('end', () => reject(new Error(`redis-server ended: ${said}`)))
  })
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
