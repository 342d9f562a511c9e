/** Starts the site as a person does, in a process of its own that can be cut off and started again. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const START = fileURLToPath(new URL('../../../scripts/start.mjs', import.meta.url))
/** A first start builds everything. */
const START_WITHIN = 120_000

export interface Site {
  readonly url: string
  /** What it has printed since it was started last. */
  output(): string
  /** Ends the process at once, as a crash does. */
  cut(): Promise<void>
  /** Starts it again on the same port with the same data. */
  restart(): Promise<void>
  /** Ends it and removes its data. */
  stop(): Promise<void>
}

export async function startSite(): Promise<Site> {
  const data = mkdtempSync(join(tmpdir(), 'millrace-site-'))
  let { child, port, output } = await launch(0, data)
  const cut = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  return {
    url: `http://localhost:${port}`,
    output: () => output(),
    cut,
    async restart() {
      await cut()
      const again = await launch(port, data)
      child = again.child
      output = again.output
    },
    async stop() {
      await cut()
      rmSync(data, { recursive: true })
    },
  }
}

interface Launched {
  readonly child: ChildProcess
  readonly port: number
  output(): string
}

async function launch(port: number, data: string): Promise<Launched> {
  const child = spawn(process.execPath, [START, '--port', String(port), '--data', data], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk
    })
  }
  const deadline = Date.now() + START_WITHIN
  for (;;) {
    const started = /running at http:\/\/localhost:(\d+)/.exec(output)
    if (started) return { child, port: Number(started[1]), output: () => output }
    if (child.exitCode !== null) throw new Error(`npm start ended with ${child.exitCode}:\n${output}`)
    if (Date.now() > deadline) {
      child.kill('SIGKILL')
      throw new Error(`npm start took too long:\n${output}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
