import { randomInt } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fromHex, toHex } from './bytes.js'
import { type FuzzFinding, type FuzzResult, fuzz, tryInput } from './fuzz.js'
import { type FuzzOptions, HELP, readOptions, UsageError } from './options.js'
import type { Target } from './target.js'
import { allTargets } from './targets/index.js'

const FINDINGS = join('temp', 'fuzz')

try {
  process.exitCode = await main(readOptions(process.argv.slice(2), () => randomInt(2 ** 32)))
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  console.error(`${error.message}\n${HELP}`)
  process.exitCode = 2
}

async function main(options: FuzzOptions): Promise<number> {
  if (options.help) {
    console.log(HELP.trim())
    return 0
  }
  const targets = chooseTargets(options)
  if (options.list) {
    for (const { name, about } of targets) console.log(`${name.padEnd(24)} ${about}`)
    return 0
  }
  if (options.replay !== undefined) return replay(targets, options.replay)
  if (!options.json) console.log(`seed ${options.seed}`)
  const results: FuzzResult[] = []
  for (const target of targets) {
    const result = await fuzz(plan(target, options))
    await target.close?.()
    results.push(result)
    if (!options.json) console.log(describe(result))
    if (result.finding !== undefined) await report(result.finding, options.json)
  }
  if (options.json)
    console.log(JSON.stringify({ seed: options.seed, parsers: results.map(plain) }, undefined, 2))
  return results.some(({ finding }) => finding !== undefined) ? 1 : 0
}

function plan(target: Target, { seed, iterations, seconds }: FuzzOptions) {
  return iterations === undefined ? { target, seed, seconds } : { target, seed, iterations }
}

function chooseTargets({ parsers, replay: file }: FuzzOptions): Target[] {
  const all = allTargets()
  if (parsers.length === 0) return all
  // A name that is whole is meant alone: frames-server is also the beginning of frames-server-deflate.
  const chosen = all.filter(({ name }) => parsers.includes(name))
  const wide = all.filter(({ name }) => parsers.some((wanted) => name.includes(wanted)))
  const found = file !== undefined || chosen.length === parsers.length ? chosen : wide
  if (found.length === 0) {
    throw new UsageError(
      `no parser is called ${parsers.join(' or ')}; there are ${all.map(({ name }) => name).join(', ')}`,
    )
  }
  return found
}

async function replay([target]: readonly Target[], file: string): Promise<number> {
  if (target === undefined) return 2
  const text = await readFile(file, 'utf8').catch(() => {
    throw new UsageError(`${file} cannot be read`)
  })
  const outcome = await tryInput(target, fromHex(text))
  await target.close?.()
  console.log('problem' in outcome ? outcome.problem : `nothing: ${outcome.ending}`)
  return 'problem' in outcome ? 1 : 0
}

function describe({ parser, iterations, seconds, endings, finding }: FuzzResult): string {
  const rate = Math.round(iterations / Math.max(seconds, 0.001))
  const found = finding === undefined ? 'nothing found' : 'FOUND SOMETHING'
  return `${parser.padEnd(24)} ${String(iterations).padStart(9)} inputs  ${String(rate).padStart(7)}/s  ${String(endings).padStart(6)} endings  ${found}`
}

async function report(finding: FuzzFinding, quiet: boolean): Promise<void> {
  const { parser, seed, iteration, input, problem } = finding
  const file = join(FINDINGS, `${parser}-${seed}.hex`)
  await mkdir(FINDINGS, { recursive: true })
  await writeFile(file, `${toHex(input)}\n`)
  if (quiet) return
  console.log(`  ${problem}`)
  console.log(`  seed ${seed}, input ${iteration}; smallest input, also in ${file}:`)
  console.log(`  ${toHex(input) || '(empty)'}`)
  console.log(`  again: npm run fuzz -- --parser ${parser} --replay ${file}`)
}

function plain({ finding, ...result }: FuzzResult) {
  return finding === undefined ? result : { ...result, finding: { ...finding, input: toHex(finding.input) } }
}
