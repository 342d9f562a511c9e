/**
 * The life of a process that serves the harness: it says `ready {…}`, answers each line of JSON with `done {…}` or
 * `failed {…}`, and ends with its standard input, so that none outlives the harness.
 */
import { createInterface } from 'node:readline'
import { WORD } from '../generator/commands.js'

const say = (word: string, value: unknown): void => console.log(`${word} ${JSON.stringify(value)}`)

export async function obey<Command>(ready: object, carryOut: (command: Command) => unknown): Promise<never> {
  // A reader that has gone away, the harness, is the end of the work and no error.
  process.stdout.on('error', () => process.exit(0))
  say(WORD.ready, { pid: process.pid, runtime: `Node ${process.version}`, ...ready })
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      say(WORD.done, (await carryOut(JSON.parse(line) as Command)) ?? {})
    } catch (error) {
      say(WORD.failed, { message: (error as Error).message })
    }
  }
  process.exit(0)
}

/** What the harness gave the process on its command line. */
export const setup = <Setup>(): Setup => JSON.parse(process.argv[2] ?? '{}') as Setup
