/** A load generator process: reads commands as JSON lines, answers each with one line. Ends with its standard input. */
import { createInterface } from 'node:readline'
import { type GeneratorCommand, type GeneratorSetup, WORD } from './commands.js'
import { Connects } from './connects.js'
import type { Role } from './dialect.js'
import { dialectNamed } from './dialects.js'
import { Echo } from './echo.js'
import { FanOut } from './fan-out.js'
import { Holding } from './holding.js'
import type { Link, Peer } from './link.js'
import { type Load, measure, type Window } from './measure.js'
import { openLinks } from './open.js'

const setup = JSON.parse(process.argv[2] ?? '{}') as GeneratorSetup
const peer: Peer = { port: setup.port, dialect: dialectNamed(setup.dialect) }
const links: Record<Role, Link[]> = { subscriber: [], publisher: [], echo: [] }
const holding = new Holding()
/** More than the publications of any run. */
const PUBLICATIONS = 1e9
let runs = 0

async function carryOut(command: GeneratorCommand): Promise<unknown> {
  switch (command.do) {
    case 'open': {
      const { role, count } = command
      const opened = await openLinks(peer, { role, count, from: links[role].length })
      for (const link of opened) link.listener = holding
      links[role] = [...links[role], ...opened]
      return { opened: opened.length }
    }
    case 'fan-out': {
      const settings = { ...command, from: PUBLICATIONS * runs++ }
      const peers = { subscribers: links.subscriber, publisher: only(links.publisher) }
      return run(new FanOut(peers, peer.dialect, settings), command)
    }
    case 'echo':
      return run(new Echo(links.echo, peer.dialect, command), command)
    case 'connect':
      return run(new Connects(peer, command), command)
    case 'standing':
      return { standing: Object.values(links).flat().length - holding.lost }
  }
}

const run = (load: Load, { window }: { readonly window: Window }) => measure(load, window, setup.serverPid)

function only(publishers: readonly Link[]): Link {
  const first = publishers[0]
  if (first === undefined) throw new Error('A publisher must be opened first')
  return first
}

const say = (word: string, value: unknown): void => console.log(`${word} ${JSON.stringify(value)}`)

async function main(): Promise<void> {
  say(WORD.ready, { pid: process.pid, runtime: process.version })
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      say(WORD.done, await carryOut(JSON.parse(line) as GeneratorCommand))
    } catch (error) {
      say(WORD.failed, { message: (error as Error).message })
    }
  }
  process.exit(0)
}

// A reader that has gone away, the harness, is the end of the work and no error.
process.stdout.on('error', () => process.exit(0))
await main()
