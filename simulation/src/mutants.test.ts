import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MUTANTS, type Mutant } from './mutants.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const SEEDS = 2000

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-mutants-'))
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Puts the defect into the one file while it is read. */
const planting = ({ file, find, put }: Mutant): Plugin => ({
  name: 'planting',
  setup(plan) {
    plan.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      if (path !== join(ROOT, file)) return undefined
      return { contents: readFileSync(path, 'utf8').replace(find, () => put), loader: 'ts' }
    })
  },
})

async function bundle(mutant: Mutant, name: string): Promise<string> {
  const outdir = join(folder, name)
  await build({
    entryPoints: [join(ROOT, 'simulation/src/main.ts'), join(ROOT, 'simulation/src/worker.ts')],
    outdir,
    bundle: true,
    platform: 'node',
    format: 'esm',
    conditions: ['millrace:source'],
    plugins: [planting(mutant)],
    logLevel: 'silent',
  })
  return join(outdir, 'main.js')
}

interface Verdict {
  readonly broken: readonly { readonly seed: number; readonly broken: readonly string[] }[]
}

/** What the simulation says with this defect in it. One that crashes has noticed nothing: it says nothing that could be read. */
async function simulate(file: string, from: number, seeds: number): Promise<Verdict> {
  const args = [file, '--from', String(from), '--seeds', String(seeds), '--bail', '--jobs', '1', '--json']
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  await once(child, 'close')
  return JSON.parse(output) as Verdict
}

describe(`within ${SEEDS} seeds the simulation notices that`, { timeout: 600_000 }, () => {
  it.concurrent.each(MUTANTS)('$name', async (mutant) => {
    const source = readFileSync(join(ROOT, mutant.file), 'utf8')
    expect(source.split(mutant.find), 'what is to be replaced stands there once').toHaveLength(2)
    const file = await bundle(mutant, String(MUTANTS.indexOf(mutant)))
    // Where it was noticed last; when worlds have changed since, somewhere else.
    const known = await simulate(file, mutant.seed, 1)
    const { broken } = known.broken.length > 0 ? known : await simulate(file, 1, SEEDS)
    expect(mutant.seed).toBeLessThanOrEqual(SEEDS)
    expect(broken[0]?.broken[0]).toEqual(expect.any(String))
    if (known.broken.length === 0) console.info(`${mutant.name}: noticed at seed ${broken[0]?.seed} now`)
  })
})
