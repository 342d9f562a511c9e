import { CASES, SECTIONS, type Section } from './cases/index.js'
import type { Case } from './model.js'
import { type CliOptions, HELP, readOptions, UsageError } from './options.js'
import { collectFailures, type Failure, renderFailure } from './report/failures.js'
import { createProgress } from './report/progress.js'
import { renderTable, sum, tabulate } from './report/table.js'
import type { Verdict } from './runner/run-case.js'
import { runSuite } from './runner/run-suite.js'
import { speaksDeflate } from './runner/speaks-deflate.js'
import { allSubjects, isInformative } from './subjects/index.js'
import type { Subject } from './subjects/subject.js'
import { urlSubjects } from './subjects/url.js'

// How many failures are printed before the rest is only counted.
const MOST_FAILURES = 20

try {
  process.exitCode = await main(readOptions(process.argv.slice(2)))
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  console.error(`${error.message}\n${HELP}`)
  process.exitCode = 2
}

async function main(options: CliOptions): Promise<number> {
  if (options.help) {
    console.log(HELP.trim())
    return 0
  }
  const cases = chooseCases(options)
  if (options.list) {
    for (const { id, rfc, level, title } of cases)
      console.log(`${id.padEnd(24)} ${rfc.padEnd(18)} ${level.padEnd(7)} ${title}`)
    return 0
  }
  const subjects = await chooseSubjects(options)
  const begun = performance.now()
  const plan = { subjects, cases, ...(options.json ? {} : { progress: createProgress() }) }
  const verdicts = await runSuite(
    options.delivery === undefined ? plan : { ...plan, deliveries: [options.delivery] },
  )
  const seconds = (performance.now() - begun) / 1000
  const failures = collectFailures(verdicts)
  if (options.json) printJson({ subjects, verdicts, failures, seconds })
  else printText({ subjects, verdicts, failures, seconds }, options.verbose)
  const serious = verdicts.some(({ subject, outcome }) => outcome.is === 'failed' && !isInformative(subject))
  return serious ? 1 : 0
}

function chooseCases({ cases, sections }: CliOptions): readonly Case[] {
  if (cases.length === 0 && sections.length === 0) return CASES
  const chosen = CASES.filter(
    ({ id }) => cases.includes(id) || sections.some((section) => id.startsWith(section)),
  )
  const known = new Set(chosen.map(({ id }) => id))
  for (const id of cases) if (!known.has(id)) throw new UsageError(`there is no case ${id}`)
  if (chosen.length === 0) throw new UsageError(`no case begins with ${sections.join(' or ')}`)
  return chosen
}

async function chooseSubjects({ url, h2, subjects }: CliOptions): Promise<Subject[]> {
  if (url !== undefined) {
    const [plain, deflate] = urlSubjects(url, h2)
    const found = [plain, deflate].filter((subject) => subject !== undefined)
    if (deflate !== undefined && (await speaksDeflate(deflate))) return found
    console.error(`${url} does not negotiate permessage-deflate: judged without it`)
    return found.slice(0, 1)
  }
  const chosen = allSubjects().filter(({ name }) => subjects.some((wanted) => name.includes(wanted)))
  if (chosen.length > 0) return chosen
  const names = allSubjects().map(({ name }) => name)
  throw new UsageError(`no subject is called ${subjects.join(' or ')}; there are ${names.join(', ')}`)
}

interface Result {
  readonly subjects: readonly Subject[]
  readonly verdicts: readonly Verdict[]
  readonly failures: readonly Failure[]
  readonly seconds: number
}

function runSections(verdicts: readonly Verdict[]): Section[] {
  const run = new Set(verdicts.map(({ testCase }) => testCase.id))
  return SECTIONS.map(({ title, cases }) => ({ title, cases: cases.filter(({ id }) => run.has(id)) }))
}

function printText({ subjects, verdicts, failures, seconds }: Result, verbose: boolean): void {
  const rows = tabulate(runSections(verdicts), verdicts)
  console.log(
    renderTable(
      rows,
      subjects.map(({ name }) => name),
    ),
  )
  const total = sum(rows.flatMap((row) => [...row.cells.values()]))
  const skipped = total.skipped === 0 ? '' : `, ${total.skipped} skipped`
  console.log(
    `\n${total.passed} passed, ${total.failed} failed${byLevel(verdicts)}${skipped} in ${seconds.toFixed(1)} s`,
  )
  const shown = verbose ? failures : failures.slice(0, MOST_FAILURES)
  for (const failure of shown) console.log(`\n${renderFailure(failure)}`)
  if (shown.length < failures.length)
    console.log(`\n${failures.length - shown.length} more; --verbose prints them all`)
}

/** How binding what failed is, for instance ` (3 must, 2 choice)`. */
function byLevel(verdicts: readonly Verdict[]): string {
  const failed = verdicts.filter(({ outcome }) => outcome.is === 'failed')
  const counts = (['must', 'should', 'choice'] as const).map((level) => {
    const count = failed.filter(({ testCase }) => testCase.level === level).length
    return count === 0 ? '' : `${count} ${level}`
  })
  const told = counts.filter((text) => text !== '')
  return told.length === 0 ? '' : ` (${told.join(', ')})`
}

function printJson({ subjects, verdicts, failures, seconds }: Result): void {
  const sections = tabulate(runSections(verdicts), verdicts).map((row) => ({
    ...row,
    cells: Object.fromEntries(row.cells),
  }))
  const names = subjects.map(({ name }) => name)
  console.log(
    JSON.stringify(
      { seconds: Number(seconds.toFixed(3)), subjects: names, sections, failures },
      undefined,
      2,
    ),
  )
}
