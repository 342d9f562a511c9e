/** Servers in processes of their own, and a Redis of the test's own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'

const SERVER = fileURLToPath(new URL('./server.mjs', import.meta.url))

/** A process that says when it is ready, and can be killed. */
export class Process {
  readonly child: ChildProcess
  #output = ''

  constructor(command: string, args: readonly string[]) {
    this.child = spawn(command, [...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        this.#output += chunk
      })
  }

  /** Waits until it has said this; rejects with all it said when it ends before. */
  async says(what: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = what.exec(this.#output)
      if (found !== null) return found
      if (this.child.exitCode !== null || this.child.signalCode !== null)
        throw new Error(`It ended before it said ${what}:\n${this.#output}`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  /** Waits until it takes connections on these ports; rejects with all it said when it ends before. */
  async listens(ports: readonly number[]): Promise<void> {
    for (const port of ports) {
      while (!(await isOpen(port))) {
        if (this.child.exitCode !== null) throw new Error(`It ended before it listened:\n${this.#output}`)
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    }
  }

  /** Ends it at once, as a crash does. */
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    this.child.kill('SIGKILL')
    await once(this.child, 'exit')
  }
}

/** A Millrace server; on the port given, or a free one; that of server.mjs, or another. */
export async function startNode(
  broker: string,
  port = 0,
  server = SERVER,
): Promise<{ readonly process: Process; readonly port: number }> {
  const started = new Process(process.execPath, [server, broker, String(port)])
  const [, chosen] = await started.says(/listening (\d+)/)
  return { process: started, port: Number(chosen) }
}

/** A Redis that keeps nothing when it ends; on the port given, or a free one. */
export async function startRedis(
  command: string,
  at?: number,
): Promise<{ readonly process: Process; readonly port: number; readonly url: string }> {
  const port = at ?? (await freePort())
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const redis = new Process(command, args)
  await redis.says(/Ready to accept connections/)
  return { process: redis, port, url: `redis://127.0.0.1:${port}` }
}

const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => resolve(true))
    socket.on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const free = createServer().listen(0, '127.0.0.1')
  await once(free, 'listening')
  const address = free.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  await new Promise((resolve) => free.close(resolve))
  return port
}
