/** For tests: compiles the programs of a scenario's processes, which cannot run TypeScript on Node 20; and no build may be stale. */
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/**
 * `source` is the scenario's folder; beside the entries all of its `servers/` are compiled. Gives where the programs are: ignored by git,
 * and where other packages are found from.
 */
export async function buildPrograms(source: URL, name: string, entries: readonly string[]): Promise<URL> {
  const out = new URL(`../../temp/${name}-programs/`, import.meta.url)
  const servers = readdirSync(new URL('servers/', source)).map((file) => `servers/${file}`)
  const sources = [...entries, ...servers].filter((file) => !file.endsWith('.test.ts'))
  await build({
    entryPoints: sources.map((file) => fileURLToPath(new URL(file, source))),
    outbase: fileURLToPath(source),
    outdir: fileURLToPath(out),
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    conditions: ['millrace:source'],
    external: ['ws', 'socket.io', 'socket.io-client'],
  })
  return out
}
