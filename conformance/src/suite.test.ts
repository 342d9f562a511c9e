import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { CASES, SECTIONS } from './cases/index.js'
import { readOptions, UsageError } from './options.js'
import { collectFailures, renderFailure } from './report/failures.js'
import { renderTable, tabulate } from './report/table.js'
import { concerns } from './runner/run-case.js'
import { runSuite } from './runner/run-suite.js'
import { allSubjects } from './subjects/index.js'
import { FAULTS } from './subjects/reference/faults.js'
import { referenceSubjects } from './subjects/reference/index.js'

const engine = allSubjects().filter(({ name }) => name.startsWith('engine'))

describe('the cases', () => {
  it('have ids and titles of their own', () => {
    const ids = CASES.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    const titles = CASES.map(({ id, title }) => `${id.replace(/-\d+$/, '')} ${title}`)
    expect(titles.filter((title, i) => titles.indexOf(title) !== i)).toEqual([])
    expect(ids.length).toBeGreaterThan(400)
  })

  it('each concern a subject of the engine', () => {
    const idle = CASES.filter((testCase) => !engine.some((subject) => concerns(testCase, subject)))
    expect(idle.map(({ id }) => id)).toEqual([])
  })

  it('are counted rightly in docs/conformance.md', async () => {
    const file = await readFile(new URL('../../docs/conformance.md', import.meta.url), 'utf8')
    const page = file.replaceAll(/ +/g, ' ')
    for (const { title, cases } of SECTIONS) {
      const name = title.replaceAll(/ +/g, ' ')
      expect(page, name).toContain(`| ${name} | ${cases.length} |`)
    }
    expect(page).toContain(`| all | ${CASES.length} |`)
    expect(page).toContain(`in ${Object.keys(FAULTS).length} ways`)
  })
})

describe('the report', () => {
  it('tells a failure once for both deliveries, with the bytes', async () => {
    const subjects = referenceSubjects('ignoresReservedBits').filter(({ name }) => /server/.test(name))
    const cases = CASES.filter(({ id }) => id === '5.2-rsv-02')
    const verdicts = await runSuite({ subjects, cases, patience: 400 })
    const failures = collectFailures(verdicts)
    expect(failures).toHaveLength(2)
    const text = failures.map(renderFailure).join('\n')
    expect(text).toContain('delivered whole and octet by octet, by reference-server\n')
    expect(text).toContain('expected  the connection failed with Close 1002')
    expect(text).toContain('got       text message "reserved"')
    expect(text).toMatch(/→ a1 88 /)
    const table = renderTable(
      tabulate(SECTIONS, verdicts),
      subjects.map(({ name }) => name),
    )
    expect(table).toMatch(/reserved bits, opcodes +\d+ +0\/2 +0\/2/)
    expect(table).not.toContain('UTF-8')
  })

  it('shows what a subject cannot be told as skipped', async () => {
    const subjects = referenceSubjects().filter(({ name }) => name === 'reference-server')
    const deaf = subjects.map((subject) => ({ ...subject, features: new Set<never>() }))
    const cases = CASES.filter(({ id }) => id.startsWith('10.4-frame'))
    const verdicts = await runSuite({ subjects: deaf, cases })
    expect(verdicts.map(({ outcome }) => outcome.is)).toEqual(cases.flatMap(() => ['skipped', 'skipped']))
    expect(renderTable(tabulate(SECTIONS, verdicts), ['reference-server'])).toContain(`-${cases.length * 2}`)
  })
})

describe('the options', () => {
  it('default to the engine, everything, in both deliveries', () => {
    expect(readOptions([])).toMatchObject({
      subjects: ['engine'],
      sections: [],
      cases: [],
      delivery: undefined,
      json: false,
    })
  })

  it('are refused with a reason when they make no sense', () => {
    for (const args of [
      ['--nope'],
      ['--delivery', 'fast'],
      ['--url', 'http://x'],
      ['--url', 'ws://x', '--subject', 'ws'],
      ['stray'],
    ]) {
      expect(() => readOptions(args), args.join(' ')).toThrow(UsageError)
    }
  })
})
