import { type ParseArgsConfig, parseArgs } from 'node:util'
import { UsageError } from './terminal.js'

/** Options every command has. */
const COMMON = { help: { type: 'boolean', short: 'h' } } as const

type Options = NonNullable<ParseArgsConfig['options']>
type Parsed<T extends Options> = ReturnType<
  typeof parseArgs<{ options: T & typeof COMMON; allowPositionals: true }>
>

/** Reads a command's arguments. Throws a UsageError for an option that there is not, or that has no value or one too many. */
export function readArguments<const T extends Options>(args: readonly string[], options: T): Parsed<T> {
  try {
    return parseArgs({ args: [...args], options: { ...options, ...COMMON }, allowPositionals: true })
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    if (!code.startsWith('ERR_PARSE_ARGS')) throw error
    throw new UsageError(message)
  }
}
