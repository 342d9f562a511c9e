import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { conclude, ROOT, readOptions } from './lib/cli.mjs'
import { repository } from './lib/sources.mjs'

const { values } = readOptions(
  `
Usage: node scripts/check-surface.mjs [--update]

Prints the public surface of every package that is not private, one report for each of its entries, and compares it with
docs/surface/. A change of the surface is reviewed as the change of a report.

  --update   write the reports
`,
  { update: { type: 'boolean' } },
)

const { files, read } = repository()
const require = createRequire(import.meta.url)
const { Extractor, ExtractorConfig } = require('@microsoft/api-extractor')

// The reports are made from the declarations that the compiler writes.
const projects = ['packages/protocol', 'packages/server/src', 'packages/client/src']
const built = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-b', ...projects], {
  cwd: ROOT,
})
if (built.status !== 0) {
  console.error(`${projects.join(', ')} do not compile: npm test -- --only types`)
  process.exit(1)
}

/** One entry of a package: its declarations, and the report they are held against. */
function entriesOf(folder) {
  const { name, private: hidden, exports } = JSON.parse(read(`${folder}/package.json`))
  if (hidden) return []
  return Object.entries(exports).map(([entry, { types }]) => {
    const report = [name.split('/')[1], ...entry.split('/').slice(1)].join('-')
    return { folder, types: join(folder, types), report: `${report}.api.md` }
  })
}

function print({ folder, types, report }, into) {
  const config = ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: join(ROOT, folder, 'package.json'),
    configObject: {
      projectFolder: join(ROOT, folder),
      mainEntryPointFilePath: join(ROOT, types),
      compiler: { overrideTsconfig: compilerSettings(types) },
      apiReport: {
        enabled: true,
        reportFileName: report,
        reportFolder: into,
        reportTempFolder: into,
        includeForgottenExports: true,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        extractorMessageReporting: { default: { logLevel: 'none' } },
        tsdocMessageReporting: { default: { logLevel: 'none' } },
      },
    },
  })
  const messages = []
  const result = Extractor.invoke(config, {
    localBuild: true,
    messageCallback: (message) => {
      message.handled = true
      if (message.logLevel === 'error') messages.push(message.formatMessageWithLocation(ROOT))
    },
  })
  if (!result.succeeded) throw new Error(`${types}: ${messages.join('\n')}`)
  return readFileSync(join(into, report), 'utf8')
}

const compilerSettings = (types) => ({
  compilerOptions: {
    target: 'ES2023',
    lib: ['ES2023', 'DOM', 'DOM.AsyncIterable'],
    module: 'nodenext',
    moduleResolution: 'nodenext',
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
  },
  files: [join(ROOT, types)],
})

const complaints = []
const folder = join(ROOT, 'docs/surface')
mkdirSync(folder, { recursive: true })
const temporary = mkdtempSync(join(tmpdir(), 'millrace-surface-'))
const entries = files(/^packages\/[^/]+\/package\.json$/).flatMap((path) =>
  entriesOf(path.replace(/\/[^/]+$/, '')),
)
try {
  for (const entry of entries) {
    const now = print(entry, temporary)
    const path = join(folder, entry.report)
    const before = existsSync(path) ? readFileSync(path, 'utf8') : ''
    if (values.update) writeFileSync(path, now)
    else if (before !== now)
      complaints.push(`docs/surface/${entry.report} is stale:`, ...difference(before, now))
  }
} finally {
  rmSync(temporary, { recursive: true })
}

/** The lines that only one of the two has, which tells most of what changed. */
function difference(before, now) {
  const only = (text, other) => {
    const there = new Set(other.split('\n'))
    return text.split('\n').filter((line) => line.trim() !== '' && !there.has(line))
  }
  const lines = [
    ...only(before, now).map((line) => `- ${line}`),
    ...only(now, before).map((line) => `+ ${line}`),
  ]
  const shown = lines.slice(0, 20)
  return [
    ...shown,
    lines.length > shown.length ? `  … ${lines.length - shown.length} more lines` : '',
    ADVICE,
  ]
}
const ADVICE =
  '  Where the change is meant: node scripts/check-surface.mjs --update, and review the difference'

conclude({ complaints: complaints.filter((line) => line !== ''), good: `${entries.length} entries` })
