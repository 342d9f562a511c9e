/** Runs the unit tests and counts them by vitest's own report. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runNode } from './run.mjs'

/**
 * @param {string[]} paths which tests; none means all
 * @returns the exit code, the output worth showing, and how many tests passed, failed and were skipped
 */
export async function runVitest(paths) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-test-'))
  const report = join(folder, 'report.json')
  try {
    const { code, output, ms } = await runNode(
      [
        'node_modules/vitest/vitest.mjs',
        'run',
        ...paths,
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${report}`,
      ],
      { NO_COLOR: '1', FORCE_COLOR: undefined },
    )
    const counts = countsOf(report)
    // What went wrong outside any test, such as a file that cannot be loaded, is a failure too.
    if (code !== 0 && counts.failed === 0) counts.failed = 1
    return { code, ms, counts, notes: notesIn(output), details: code === 0 ? '' : failuresIn(output) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function countsOf(report) {
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(
      readFileSync(report, 'utf8'),
    )
    return { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests + numTodoTests }
  } catch {
    return { passed: 0, failed: 1, skipped: 0 }
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
