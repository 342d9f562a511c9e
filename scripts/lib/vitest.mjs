/** Runs the unit tests and counts them by vitest's own report. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { ROOT } from './cli.mjs'
import { runNode } from './run.mjs'

/** So many files may fail for want of a processor; when it is more, it is the code. */
const MOST_ALONE = 4

/**
 * What failed is run once more with nothing beside it: tests over real sockets and browsers have deadlines, and where three files share two
 * processors one may miss them. What passes then counts as passed, and is named with what went wrong at first.
 *
 * @param {string[]} paths which tests; none means all
 * @returns the exit code, the output worth showing, and how many tests passed, failed and were skipped
 */
export async function runVitest(paths) {
  const first = await runOnce(paths)
  const files = first.failures.map(({ file }) => file)
  const isFinal = first.code === 0 || first.isUnhandled || files.length === 0 || files.length > MOST_ALONE
  if (isFinal) return first
  const again = await runOnce(files, ['--maxWorkers=1'])
  const ms = first.ms + again.ms
  if (again.code !== 0) return { ...first, ms, details: `${first.details}\n\nAlone:\n\n${again.details}` }
  const names = first.failures.flatMap(({ file, tests }) => tests.map((test) => `${file} > ${test}`))
  const { passed, failed, skipped } = first.counts
  return {
    ...first,
    ms,
    code: 0,
    counts: { passed: passed + failed, failed: 0, skipped },
    notes: [...first.notes, ...names.map((name) => `failed beside other tests, passed alone: ${name}`)],
  }
}

async function runOnce(paths, options = []) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-test-'))
  const report = join(folder, 'report.json')
  try {
    const { code, output, ms } = await runNode(
      [
        'node_modules/vitest/vitest.mjs',
        'run',
        ...paths,
        ...options,
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${report}`,
      ],
      { NO_COLOR: '1', FORCE_COLOR: undefined },
    )
    const { counts, failures } = resultOf(report)
    // What went wrong outside any test, such as a file that cannot be loaded, is a failure too.
    if (code !== 0 && counts.failed === 0) counts.failed = 1
    return {
      ...{ code, ms, counts, failures },
      isUnhandled: /Unhandled (Error|Rejection)/.test(output),
      notes: notesIn(output),
      details: code === 0 ? '' : failuresIn(output),
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function resultOf(report) {
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(
      readFileSync(report, 'utf8'),
    )
    const failures = testResults
      .filter(({ status }) => status === 'failed')
      .map(({ name, assertionResults }) => ({
        file: relative(ROOT, name),
        tests: assertionResults.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName),
      }))
    const skipped = numPendingTests + numTodoTests
    return { failures, counts: { passed: numPassedTests, failed: numFailedTests, skipped } }
  } catch {
    return { failures: [], counts: { passed: 0, failed: 1, skipped: 0 } }
  }
}

/** The lines in which tests say what they skipped for want of a tool, each once. */
const notesIn = (output) => [...new Set(output.split('\n').filter((line) => line.startsWith('skipped: ')))]

/** The output from the first failure on: what passed is not repeated. */
function failuresIn(output) {
  const lines = output.split('\n')
  const first = lines.findIndex((line) =>
    /Failed (Tests|Suites)|Unhandled Error|No test files|Startup Error/.test(line),
  )
  return lines.slice(Math.max(first, 0)).join('\n')
}
