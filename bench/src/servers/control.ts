/**
 * The control protocol of every server under test: it listens on a free port, prints `ready {…}` once, answers the line
 * `gc` on its standard input with `done {}`, and ends with its standard input, so that no server outlives the harness.
 * The CPU and memory it uses are read from outside, by its process id.
 */

export interface Announcement {
  readonly port: number
  /** Name and version of what is measured. */
  readonly version: string
  /** Settings that differ from the defaults. */
  readonly settings?: readonly string[]
}

/** Options a server process gets on its command line, as JSON. */
export interface ServerOptions {
  /** Idle channels to create besides the one that is measured. */
  readonly idleChannels: number
}

export function serverOptions(): ServerOptions {
  const given = JSON.parse(process.argv[2] ?? '{}') as Partial<ServerOptions>
  return { idleChannels: given.idleChannels ?? 0 }
}

/** Tells the harness that the server listens, and obeys it from then on. */
export function announce(announcement: Announcement): void {
  const runtime =
    process.versions['bun'] === undefined ? `Node ${process.version}` : `Bun ${process.versions['bun']}`
  process.stdout.on('error', () => process.exit(0))
  process.stdin.on('data', () => {
    collectGarbage()
    console.log('done {}')
  })
  process.stdin.on('end', () => process.exit(0))
  console.log(`ready ${JSON.stringify({ pid: process.pid, runtime, ...announcement })}`)
}

/** Collects what can be, where the runtime lets itself be told: Node with --expose-gc, and Bun. */
function collectGarbage(): void {
  const runtime = globalThis as { gc?: () => void; Bun?: { gc(force: boolean): void } }
  runtime.gc?.()
  runtime.Bun?.gc(true)
}
