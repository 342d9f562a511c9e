/** Whether the machine lets a process open enough files. */
import { UsageError } from '../cli/arguments.js'

/** Of the three processes the proxy needs most: a port for each client, and two ends of each of its connections. */
const filesPerClient = (connections: number): number => 1 + 2 * connections

/**
 * Throws a UsageError that says how many clients would fit, when these do not. `limit`: how many files a process may open
 * besides those that it needs anyway.
 */
export function checkFiles(clients: number, connections: number, limit: number): void {
  const each = filesPerClient(connections)
  if (clients * each <= limit) return
  const number = (value: number): string => value.toLocaleString('en')
  throw new UsageError(
    `--clients ${clients}: the proxy needs ${each} open files for each client, ${number(clients * each)} in all, and the limit ` +
      `here leaves ${number(limit)}: raise it (ulimit -Hn), or take at most ${Math.floor(limit / each)} clients`,
  )
}
