import { spawn } from 'node:child_process'
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

/** How the simulation ends with this defect in it: 1 when it was noticed. */
function simulate(file: string): Promise<number | null> {
  const args = [file, '--seeds', String(SEEDS), '--bail', '--jobs', '1']
  return new Promise((resolve) => spawn(process.execPath, args, { stdio: 'ignore' }).on('exit', resolve))
}

describe(`within ${SEEDS} seeds the simulation notices that`, { timeout: 300_000 }, () => {
  it.concurrent.each(MUTANTS)('$name', async (mutant) => {
    const source = readFileSync(join(ROOT, mutant.file), 'utf8')
    expect(source.split(mutant.find), 'what is to be replaced stands there once').toHaveLength(2)
    const file = await bundle(mutant, String(MUTANTS.indexOf(mutant)))
    expect(await simulate(file)).toBe(1)
  })
})
