import { pathToFileURL } from 'node:url'
import type { Api } from '@millrace/protocol'
import { importedFile } from './imported-file.js'
import { type Converters, converterPackages, type Validator } from './schemas/convert.js'
import { Failure } from './terminal.js'

/**
 * Converters of the libraries whose schemas an api has and that do not bring them themselves, from the application's own node_modules: they
 * must be of the schemas' own version. Rejects with a Failure that says what to install.
 */
export async function findConverters(api: Api, path: string): Promise<Converters> {
  const found: Record<string, unknown> = {}
  for (const schema of schemasOf(api)) {
    const { vendor } = schema['~standard']
    const packages = converterPackages(schema)
    if (packages.length > 0) found[vendor] ??= await firstOf(packages, { vendor, path })
  }
  return found as Converters
}

function schemasOf({ channels, calls }: Api): Validator[] {
  const schemas = [
    ...Object.values(channels).flatMap(({ message, ephemeral, presence }) => [message, ephemeral, presence]),
    ...Object.values(calls).flatMap(({ request, response }) => [request, response]),
  ]
  return schemas.filter((schema) => schema !== undefined)
}

async function firstOf(
  packages: readonly string[],
  { vendor, path }: { readonly vendor: string; readonly path: string },
): Promise<unknown> {
  for (const name of packages) {
    const file = importedFile(name, path)
    if (file !== undefined) return import(pathToFileURL(file).href)
  }
  const name = packages.at(-1)
  throw new Failure(
    `the api has schemas of ${vendor}, which need ${name} to become JSON Schema: npm install --save-dev ${name}`,
  )
}
