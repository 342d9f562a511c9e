import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Api } from '@millrace/protocol'
import { whyNotLoaded } from './load-errors.js'
import { Failure } from './terminal.js'

/** An application's api, and the file it is from. */
export interface Loaded {
  readonly api: Api
  /** Absolute. */
  readonly path: string
}

/**
 * Loads what `defineApi()` gave from an application's module: its export of that name, or where none is named the default one, `api`, or the
 * only one that is an api. Rejects with a Failure that says why there is none.
 */
export async function loadApi(
  file: string,
  { cwd, exported }: { readonly cwd: string; readonly exported: string | undefined },
): Promise<Loaded> {
  const path = resolve(cwd, file)
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined) throw new Failure(`there is no file ${path}`)
  if (!stats.isFile())
    throw new Failure(`${path} is no file: name the module that exports the api, as src/api.js`)
  let module: Record<string, unknown>
  try {
    module = await import(pathToFileURL(path).href)
  } catch (error) {
    throw new Failure(whyNotLoaded(file, error))
  }
  return { api: chosenFrom(module, file, exported), path }
}

function chosenFrom(module: Record<string, unknown>, file: string, exported: string | undefined): Api {
  const apis = Object.keys(module).filter((name) => isApi(module[name]))
  const [only, ...more] = apis
  const name =
    exported ?? ['default', 'api'].find((one) => apis.includes(one)) ?? (more.length === 0 ? only : undefined)
  const value = name === undefined ? undefined : module[name]
  if (isApi(value)) return value
  const names = Object.keys(module).join(', ') || 'nothing'
  if (exported !== undefined && !Object.hasOwn(module, exported))
    throw new Failure(`${file} does not export '${exported}'; it exports: ${names}`)
  if (exported !== undefined)
    throw new Failure(`${file}: '${exported}' is no api: export what defineApi({ channels, calls }) gives`)
  if (apis.length > 0)
    throw new Failure(`${file} exports several apis: choose with --export, of ${apis.join(', ')}`)
  throw new Failure(
    `${file} exports no api: export what defineApi({ channels, calls }) gives, as 'api' or default. It exports: ${names}`,
  )
}

const isApi = (value: unknown): value is Api =>
  typeof value === 'object' &&
  value !== null &&
  ['channels', 'calls'].every((name) => typeof Reflect.get(value, name) === 'object') &&
  typeof Reflect.get(value, 'codecOf') === 'function'
