import { Worker } from 'node:worker_threads'
import { HELP, readOptions, type SimulateOptions, UsageError } from './options.js'
import { runSeed } from './run.js'
import { add, describe, NOTHING, type Tally } from './tally.js'
import { printTrace } from './trace.js'
import type { Report, Share } from './worker.js'

/** So many broken worlds are told in full. */
const SHOWN = 5
/** How often a line says how far it has come, in milliseconds. */
const PROGRESS_EVERY = 5000

try {
  process.exitCode = await main(readOptions(process.argv.slice(2)))
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  console.error(`${error.message}\n${HELP}`)
  process.exitCode = 2
}

async function main(options: SimulateOptions): Promise<number> {
  if (options.help) {
    console.log(HELP.trim())
    return 0
  }
  if (options.seed !== undefined) {
    const outcome = await runSeed(options.seed)
    const { seed, broken, world } = outcome
    console.log(options.json ? JSON.stringify({ seed, broken, trace: world.trace }) : printTrace(outcome))
    return broken.length === 0 ? 0 : 1
  }
  return runMany(options)
}

async function runMany(options: SimulateOptions): Promise<number> {
  const began = performance.now()
  let tally: Tally = NOTHING
  const broken: Report[] = []
  const progress = setInterval(() => {
    const rate = Math.round((tally.seeds / (performance.now() - began)) * 60_000)
    console.error(`${tally.seeds} of ${options.seeds} seeds, ${rate} a minute, ${broken.length} broken`)
  }, PROGRESS_EVERY)
  await share(options, (report) => {
    tally = add(tally, report.tally)
    if (report.broken.length === 0) return true
    broken.push(report)
    if (!options.json && broken.length <= SHOWN)
      console.log(`seed ${report.seed}:\n  ${report.broken.slice(0, SHOWN).join('\n  ')}`)
    return !options.bail
  })
  clearInterval(progress)
  const seconds = (performance.now() - began) / 1000
  const perMinute = Math.round((tally.seeds / seconds) * 60)
  if (options.json) {
    console.log(
      JSON.stringify({
        tally,
        perMinute,
        broken: broken.map(({ seed, broken: what }) => ({ seed, broken: what })),
      }),
    )
  } else {
    console.log(`${tally.seeds} seeds in ${Math.round(seconds)} s, ${perMinute} a minute: ${describe(tally)}`)
    console.log(
      broken.length === 0
        ? 'every promise was kept'
        : `${broken.length} seeds broke a promise; again: npm run simulate -- --seed ${broken[0]?.seed}`,
    )
  }
  return broken.length === 0 ? 0 : 1
}

/** Gives every worker its share. `heard` answers whether to go on. */
async function share(
  { seeds, from, jobs }: SimulateOptions,
  heard: (report: Report) => boolean,
): Promise<void> {
  const count = Math.min(jobs, seeds)
  const workers = Array.from({ length: count }, (_, index) => {
    const workerData: Share = { first: from + index, last: from + seeds - 1, step: count }
    return new Worker(new URL('./worker.js', import.meta.url), { workerData })
  })
  await Promise.all(
    workers.map(
      (worker) =>
        new Promise<void>((resolve, reject) => {
          worker.on('message', (report: Report) => {
            if (!heard(report)) for (const one of workers) void one.terminate()
          })
          worker.on('error', reject)
          worker.on('exit', () => resolve())
        }),
    ),
  )
}
