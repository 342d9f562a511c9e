import { readOptions } from './lib/cli.mjs'
import { runNode } from './lib/run.mjs'
import { runVitest } from './lib/vitest.mjs'

const CHECKS = {
  types: ['node_modules/typescript/bin/tsc', '-b'],
  lint: ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '--colors=off', '.'],
  layers: ['scripts/check-layers.mjs'],
  rules: ['scripts/check-rules.mjs'],
  docs: ['scripts/check-docs.mjs'],
  budget: ['scripts/check-budget.mjs'],
  surface: ['scripts/check-surface.mjs'],
}
const STEPS = [...Object.keys(CHECKS), 'unit']

const { values, positionals } = readOptions(
  `
Usage: npm test [-- [--only STEP[,STEP…]] [PATH…]]

Runs every check and test of the repository, one line each, and prints what failed. With paths it runs only the unit tests
in files whose path contains one of them.

  --only   of the steps ${STEPS.join(', ')}: these

CI=true or MILLRACE_REQUIRE=all makes tests fail, instead of being skipped, when a browser, a runtime or another tool
that they need is missing.
`,
  { only: { type: 'string' } },
)

const chosen = values.only?.split(',') ?? (positionals.length > 0 ? ['unit'] : STEPS)
const unknown = chosen.filter((step) => !STEPS.includes(step))
if (unknown.length > 0) {
  console.error(`no such step: ${unknown.join(', ')}; the steps are ${STEPS.join(', ')}`)
  process.exit(2)
}

const total = { passed: 0, failed: 0, skipped: 0 }
for (const step of STEPS.filter((name) => chosen.includes(name))) {
  const result = step === 'unit' ? await unit() : await check(step)
  for (const key of Object.keys(total)) total[key] += result.counts[key]
  const mark = result.code === 0 ? 'ok    ' : 'FAILED'
  console.log(`${step.padEnd(8)}${mark} ${(result.ms / 1000).toFixed(1).padStart(6)} s  ${result.summary}`)
  for (const note of result.notes) console.log(`        ${note}`)
  if (result.details !== '') console.log(`\n${result.details}\n`)
}

console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exitCode = total.failed === 0 ? 0 : 1

async function check(step) {
  const { code, output, ms } = await runNode(CHECKS[step], { NO_COLOR: '1' })
  const good = code === 0
  return {
    code,
    ms,
    counts: { passed: good ? 1 : 0, failed: good ? 0 : 1, skipped: 0 },
    summary: good ? (output.trim().split('\n').at(-1) ?? '') : '',
    notes: [],
    details: good ? '' : output.trim(),
  }
}

async function unit() {
  const { counts, ...result } = await runVitest(positionals)
  const { passed, failed, skipped } = counts
  return { ...result, counts, summary: `${passed} passed, ${failed} failed, ${skipped} skipped` }
}
