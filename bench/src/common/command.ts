/** How every scenario that is a command of its own runs. */
import { requireLinux } from '../harness/machine.js'
import { duration } from '../report/format.js'
import type { Place } from '../report/write-docs.js'
import type { CommonOptions } from './options.js'
import { publish } from './report/publish.js'
import type { Forms } from './report/report.js'

export interface Scenario<Report> {
  readonly place: Place
  readonly forms: Forms<Report>
  help(): string
  measure(): Promise<Report>
}

/** Resolves with the exit code: 1 when a target was missed or something failed. */
export async function runScenario<Report>(
  options: CommonOptions,
  { place, forms, help, measure }: Scenario<Report>,
): Promise<number> {
  if (options.help) {
    console.log(help())
    return 0
  }
  requireLinux()
  const report = await measure()
  publish(options, place, {
    text: () => forms.textReport(report),
    markdown: () => forms.markdownReport(report),
    json: () => forms.jsonReport(report),
  })
  return forms.allReached(report) ? 0 : 1
}

/** One thing that is measured, and the seconds it takes. */
export interface Part<Sample> {
  readonly title: string
  readonly description: string
  readonly seconds: number
  measure(): Promise<Sample>
}

/** One after the other, announced on standard error. One that fails is noted, and the others go on. */
export async function inTurn<Sample>(parts: readonly Part<Sample>[]) {
  const samples: Sample[] = []
  const failures: string[] = []
  for (const [index, { title, description, measure }] of parts.entries()) {
    const left = duration(parts.slice(index).reduce((sum, { seconds }) => sum + seconds, 0))
    process.stderr.write(`[${index + 1}/${parts.length}, ${left} left] ${title}: ${description}\n`)
    try {
      samples.push(await measure())
    } catch (error) {
      failures.push(`Failed: ${title}: ${(error as Error).message}`)
    }
  }
  return { samples, failures }
}
