/** The checks of scripts/ held against small repositories in which something is wrong. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const SCRIPTS = fileURLToPath(new URL('../../scripts/', import.meta.url))
const { treeOf } = await import(`${SCRIPTS}lib/sources.mjs`)
const { checkLayers } = await import(`${SCRIPTS}lib/import-table.mjs`)
const { tableText } = await import(`${SCRIPTS}lib/layers.mjs`)
const { checkRules } = await import(`${SCRIPTS}lib/rules.mjs`)
const { checkDocs } = await import(`${SCRIPTS}lib/docs.mjs`)
const { checkBudget } = await import(`${SCRIPTS}lib/budget.mjs`)

type Files = Readonly<Record<string, string>>
interface Outcome {
  readonly complaints: readonly string[]
  readonly good: string
}

const run = (check: (tree: unknown) => Outcome, files: Files): Outcome =>
  check(treeOf(Object.keys(files), (path: string) => files[path] ?? ''))

/** The complaints as one text, for a test that expects a part of it. */
const complaintsOf = (check: (tree: unknown) => Outcome, files: Files): string =>
  run(check, files).complaints.join('\n')

test.each(['check-layers', 'check-rules', 'check-docs', 'check-budget', 'check-surface', 'test'])(
  '%s has a --help',
  (script) => {
    const { status, stdout } = spawnSync(process.execPath, [`${SCRIPTS}${script}.mjs`, '--help'], {
      encoding: 'utf8',
    })
    expect(status).toBe(0)
    expect(stdout).toMatch(/^Usage: /)
    expect(spawnSync(process.execPath, [`${SCRIPTS}${script}.mjs`, '--nonsense']).status).toBe(2)
  },
)

describe('check-layers', () => {
  const server = 'packages/server'
  const base: Files = {
    'package.json': '{"devDependencies":{"vitest":"1"}}',
    'ARCHITECTURE.md': tableText(),
    'packages/protocol/package.json': '{"name":"@millrace/protocol","exports":{".":{}}}',
    'packages/protocol/src/index.ts': "export { a } from './a.js'\n",
    'packages/protocol/src/a.ts': 'export const a = 1\n',
    [`${server}/package.json`]:
      '{"name":"@millrace/server","exports":{".":{}},"dependencies":{"msgpack":"1"}}',
    [`${server}/src/websocket/index.ts`]: 'export const frame = 1\n',
    [`${server}/src/hub/index.ts`]: "import type { a } from '@millrace/protocol'\nexport type B = typeof a\n",
    [`${server}/src/node/link.ts`]: [
      "import { connect } from 'node:net'",
      "import type { B } from '../hub/index.js'",
      "import { frame } from '../websocket/index.js'",
      'export const link: [B, unknown, unknown] = [1, frame, connect]\n',
    ].join('\n'),
  }

  test('passes a repository in order', () => {
    expect(run(checkLayers, base)).toEqual({
      complaints: [],
      good: expect.stringContaining('hub and engine meet in packages/server/src/node/link.ts'),
    })
  })

  test.each<[string, Files, string]>([
    [
      'an arrow the wrong way',
      { [`${server}/src/websocket/x.ts`]: "import type { B } from '../hub/index.js'\nexport type C = B\n" },
      `websocket/x.ts:1: '../hub/index.js' layer websocket may not import hub`,
    ],
    [
      'an arrow hidden in a type',
      { [`${server}/src/websocket/x.ts`]: "export type C = import('../hub/index.js').B\n" },
      'layer websocket may not import hub',
    ],
    [
      'an arrow hidden in a dynamic import',
      { [`${server}/src/hub/x.ts`]: "\nexport const x = () => import('../node/link.js')\n" },
      `hub/x.ts:2: '../node/link.js' layer hub may not import node`,
    ],
    [
      'a package that imports its user',
      { 'packages/protocol/src/x.ts': "export * from '@millrace/server'\n" },
      'layer protocol may not import @millrace/server',
    ],
    [
      'the platform in a pure layer',
      { [`${server}/src/hub/x.ts`]: "import 'node:timers'\n" },
      "'node:timers' layer hub may not import the platform",
    ],
    [
      'time that does not enter by a port',
      { [`${server}/src/hub/x.ts`]: 'export const x = () => Date.now()\n' },
      'hub/x.ts:1: Date does not enter by a port',
    ],
    [
      'randomness that does not enter by a port',
      { [`${server}/src/hub/x.ts`]: 'export const x = Math.random\n' },
      'hub/x.ts:1: Math.random does not enter by a port',
    ],
    [
      'a layer entered by a side door',
      {
        [`${server}/src/hub/b.ts`]: 'export const b = 1\n',
        [`${server}/src/node/x.ts`]: "export { b } from '../hub/b.js'\n",
      },
      'layer hub is entered by its index.ts',
    ],
    [
      'a package entered by its files',
      { [`${server}/src/hub/x.ts`]: "export { a } from '../../../protocol/src/a.js'\n" },
      'reaches into another package by its files',
    ],
    [
      'an entry that a package does not have',
      { [`${server}/src/hub/x.ts`]: "export { a } from '@millrace/protocol/src/a.js'\n" },
      'is no public entry of that package',
    ],
    [
      'a dependency that is not declared',
      { [`${server}/src/x.ts`]: "export { x } from 'left-pad'\n" },
      "'left-pad' is not declared in its package.json",
    ],
    [
      'a dependency in a layer that has none',
      { [`${server}/src/hub/x.ts`]: "export { x } from 'msgpack'\n" },
      'layer hub may not import it',
    ],
    [
      'a second place where hub and engine meet',
      {
        [`${server}/src/node/second.ts`]:
          "import type { B } from '../hub/index.js'\nimport { frame } from '../websocket/index.js'\nexport const c: B = frame\n",
      },
      'hub and engine meet in 2 files',
    ],
    [
      'a second meeting, through a neighbour',
      {
        [`${server}/src/node/socket.ts`]: "export { frame } from '../websocket/index.js'\n",
        [`${server}/src/node/second.ts`]:
          "import type { B } from '../hub/index.js'\nimport { frame } from './socket.js'\nexport const c: B = frame\n",
      },
      'hub and engine meet in 2 files',
    ],
    [
      'a circle',
      {
        [`${server}/src/hub/one.ts`]: "import { two } from './two.js'\nexport const one = () => two\n",
        [`${server}/src/hub/two.ts`]: "import { one } from './one.js'\nexport const two = () => one\n",
      },
      'these import each other in a circle: packages/server/src/hub/one.ts → packages/server/src/hub/two.ts',
    ],
    [
      'a file in no layer',
      { 'packages/new/src/x.ts': 'export {}\n' },
      'packages/new/src/x.ts: is in no layer',
    ],
    [
      'a table in ARCHITECTURE.md that is stale',
      { 'ARCHITECTURE.md': '' },
      'ARCHITECTURE.md does not show the table',
    ],
  ])('finds %s', (_, files, complaint) => {
    expect(complaintsOf(checkLayers, { ...base, ...files })).toContain(complaint)
  })

  test('a circle of types is none, and tests may import what they test', () => {
    const files = {
      ...base,
      [`${server}/src/hub/one.ts`]: "import type { Two } from './two.js'\nexport type One = Two\n",
      [`${server}/src/hub/two.ts`]: "import type { One } from './one.js'\nexport type Two = One\n",
      [`${server}/src/hub/one.test.ts`]: "import 'node:fs'\nimport 'vitest'\nimport '../node/link.js'\n",
    }
    expect(complaintsOf(checkLayers, files)).toBe('')
  })

  test('words that only look like imports are none', () => {
    const text =
      "// import 'node:fs'\nexport const x = `\nimport 'node:fs'\n`\nexport const y = \"from 'node:fs'\"\n"
    expect(complaintsOf(checkLayers, { ...base, [`${server}/src/hub/x.ts`]: text })).toBe('')
  })
})

describe('check-rules', () => {
  // The ids are put together here, so that they are not taken for citations of this repository's rules.
  const id = (no: string) => `[${'Z'}${no}]`
  const rule = (no: string) => `- **${id(no)}** A rule.\n`

  test('passes when every rule is cited and every citation is a rule', () => {
    const files = { 'docs/z.md': rule('1.1'), 'src/z.test.ts': `test('${id('1.1')} holds')\n` }
    expect(run(checkRules, files)).toMatchObject({ complaints: [], good: '1 rules, each with a test' })
  })

  test.each<[string, Files, string]>([
    ['a rule without a test', { 'docs/z.md': rule('1.1') }, `docs/z.md:1: no test cites rule ${id('1.1')}`],
    [
      'a rule that only code cites',
      { 'docs/z.md': rule('1.1'), 'src/z.ts': `// ${id('1.1')}\n` },
      `no test cites rule ${id('1.1')}`,
    ],
    [
      'a citation of no rule',
      { 'docs/z.md': rule('1'), 'src/z.ts': `\n// ${id('9.9')}\n` },
      `src/z.ts:2: there is no rule ${id('9.9')}`,
    ],
    [
      'a number used twice',
      { 'docs/z.md': rule('1.1') + rule('1.1'), 'a.test.ts': `// ${id('1.1')}\n` },
      `docs/z.md:2: rule ${id('1.1')} is already at docs/z.md:1`,
    ],
  ])('finds %s', (_, files, complaint) => {
    expect(complaintsOf(checkRules, files)).toContain(complaint)
  })
})

describe('check-docs', () => {
  const code = 'say()\n'
  const page = (text: string): Files => ({
    'README.md': text,
    'docs/a.md': '# One `two`, three\n',
    'x/say.mjs': code,
  })

  test.each([
    [
      'links to files, folders, headings and elsewhere',
      '[a](docs/a.md) [b](docs) [c](docs/a.md#one-two-three) [d](https://x.y)',
    ],
    ['links that are code', '`[a](nowhere.md)`\n\n```md\n[a](nowhere.md)\n```\n'],
    ['an example that is the file', `<!-- x/say.mjs -->\n\n\`\`\`js\n${code}\`\`\`\n`],
  ])('passes %s', (_, text) => {
    expect(complaintsOf(checkDocs, page(text))).toBe('')
  })

  test.each<[string, Files, string]>([
    ['a link to nothing', page('[a](docs/b.md)'), 'README.md: links to docs/b.md, which is not there'],
    [
      'a link to no heading',
      page('[a](docs/a.md#four)'),
      'links to docs/a.md#four, but there is no such heading',
    ],
    [
      'an example that is stale',
      page('<!-- x/say.mjs -->\n\n```js\nshout()\n```\n'),
      'README.md: the example is not what x/say.mjs is',
    ],
    [
      'a dependency without a reason',
      { 'package.json': '{"dependencies":{"left-pad":"1"}}' },
      'docs/dependencies.md: left-pad is missing, with its reason',
    ],
    [
      'a reason without a dependency',
      { 'docs/dependencies.md': '| `left-pad` | why |\n' },
      'docs/dependencies.md: left-pad is no dependency',
    ],
  ])('finds %s', (_, files, complaint) => {
    expect(complaintsOf(checkDocs, files)).toContain(complaint)
  })
})

describe('check-budget', () => {
  const lines = (n: number) => 'x()\n'.repeat(n)
  const long = `export function long() {\n${lines(60)}}\n`

  test.each<[string, Files]>([
    [
      'files and functions within it',
      { 'a.ts': lines(400), 'b.ts': `function f(a, b, c) {\n${lines(58)}}\n` },
    ],
    ['tests of 600 lines with long functions', { 'a.test.ts': `describe(() => {\n${lines(590)}})\n` }],
    ['a long function with a reason', { 'a.ts': `// budget: the hot loop, measured in one piece\n${long}` }],
    [
      'a long file with a reason',
      { 'a.ts': `// budget(file): one table that reads best whole\n${lines(500)}` },
    ],
    ['a component of a page', { 'a.tsx': `function Page() {\n${lines(70)}}\n` }],
    ['this, which is no parameter', { 'a.ts': 'function f(this: unknown, a: 1, b: 2, c: 3) {}\n' }],
  ])('passes %s', (_, files) => {
    expect(complaintsOf(checkBudget, files)).toBe('')
  })

  test.each<[string, Files, string]>([
    ['a long file', { 'a.ts': lines(401) }, 'a.ts: has 401 lines; 400 are allowed'],
    ['a long test', { 'a.test.ts': lines(601) }, 'a.test.ts: has 601 lines; 600 are allowed'],
    ['a long function', { 'a.ts': `\n${long}` }, 'a.ts:2: long has 62 lines; 60 are allowed'],
    ['a long arrow function', { 'a.ts': `const f = () => {\n${lines(60)}}\n` }, 'a.ts:1: f has 62 lines'],
    ['a long method', { 'a.ts': `class A {\nm() {\n${lines(60)}}\n}\n` }, 'a.ts:2: m has 62 lines'],
    [
      'four parameters',
      { 'a.ts': 'function f(a, b, c, d) {}\n' },
      'f has 4 positional parameters; 3 are allowed',
    ],
    ['a waiver without a reason', { 'a.ts': `// budget:\n${long}` }, 'long has 62 lines'],
  ])('finds %s', (_, files, complaint) => {
    expect(complaintsOf(checkBudget, files)).toContain(complaint)
  })
})

describe('npm test', () => {
  test('refuses a step it does not know', () => {
    const { status, stderr } = spawnSync(process.execPath, [`${SCRIPTS}test.mjs`, '--only', 'types,magic'], {
      encoding: 'utf8',
    })
    expect(status).toBe(2)
    expect(stderr).toContain('no such step: magic')
  })

  test('ends with a line that counts what passed and failed', { timeout: 60_000 }, () => {
    const none = spawnSync(process.execPath, [`${SCRIPTS}test.mjs`, 'no/such/test'], { encoding: 'utf8' })
    expect(none.stdout).toMatch(/\n0 passed, 1 failed, 0 skipped\n$/)
    expect(none.status).toBe(1)
    const good = spawnSync(process.execPath, [`${SCRIPTS}test.mjs`, '--only', 'rules'], { encoding: 'utf8' })
    expect(good.stdout).toMatch(/\n[01] passed, [01] failed, 0 skipped\n$/)
    expect(good.status).toBe(good.stdout.includes('\n1 passed') ? 0 : 1)
  })
})
