import { readFileSync } from 'node:fs'
import { api } from './commands/api.js'
import type { Command } from './commands/command.js'
import { Failure, type Terminal, UsageError } from './terminal.js'

const COMMANDS: readonly Command[] = [api]

const HELP = `
Usage: millrace COMMAND [options]

${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(10)}${summary}`).join('\n')}

  -h, --help      show this; of a command: millrace COMMAND --help
  -V, --version   the version of Millrace

It ends with 0 when it is done, 1 when it failed, and 2 when the command line is wrong.
`.trimStart()

/** Runs the program. Resolves with its exit code: 0, 1 for a failure, 2 for a mistake on the command line. */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = args
  if (name === '--help' || name === '-h') return say(terminal, HELP)
  if (name === '--version' || name === '-V') return say(terminal, `${version()}\n`)
  const command = COMMANDS.find((one) => one.name === name)
  try {
    if (command !== undefined) return await command.run(rest, terminal)
    const known = COMMANDS.map((one) => one.name).join(', ')
    throw new UsageError(
      name === undefined ? 'which command?' : `there is no command '${name}', only: ${known}`,
    )
  } catch (error) {
    const of = command === undefined ? 'millrace' : `millrace ${command.name}`
    return complain(error, of, terminal)
  }
}

function say({ out }: Terminal, text: string): number {
  out(text)
  return 0
}

function complain(error: unknown, of: string, { err }: Terminal): number {
  if (error instanceof UsageError) {
    err(`${of}: ${error.message}\nMore is said by: ${of} --help\n`)
    return 2
  }
  if (error instanceof Failure) err(`${of}: ${error.message}\n`)
  // A mistake in this program: whoever reports it needs all there is.
  else err(`${of}: ${error instanceof Error ? error.stack : String(error)}\n`)
  return 1
}

function version(): string {
  const path = new URL('../package.json', import.meta.url)
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version
}
