/** `npm run bench`: finds the command that is meant, and ends as it says. */
import { amplification } from './amplification/command.js'
import { UsageError } from './cli/arguments.js'
import { compare } from './compare.js'
import { jitter } from './continuity/jitter/command.js'
import { reconnect } from './continuity/reconnect/command.js'
import { killAll } from './harness/child.js'
import { slowReaders } from './slow-readers/command.js'
import { transports } from './transports/command.js'

/** Exit codes: 1 when a run failed, 2 for a mistake on the command line, 130 and 143 for signals as shells have them. */
const EXIT = { failure: 1, usage: 2, SIGINT: 130, SIGTERM: 143 } as const

/** Resolves with the exit code. Without a command of its own it compares servers. */
function main([command, ...args]: readonly string[]): Promise<number> {
  switch (command) {
    case 'amplification':
      return amplification(args)
    case 'jitter':
      return jitter(args)
    case 'reconnect':
      return reconnect(args)
    case 'slow-readers':
      return slowReaders(args)
    case 'transports':
      return transports(args)
    default:
      return compare(command === undefined ? [] : [command, ...args])
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(EXIT[signal]))
process.on('exit', killAll)

try {
  process.exit(await main(process.argv.slice(2)))
} catch (error) {
  const usage = error instanceof UsageError
  process.stderr.write(`${usage ? error.message : (error as Error).stack}\n`)
  process.exit(usage ? EXIT.usage : EXIT.failure)
}
