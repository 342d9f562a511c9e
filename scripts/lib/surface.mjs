/** Prints the public surface of packages, with API Extractor. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from './cli.mjs'

const { Extractor, ExtractorConfig } = createRequire(import.meta.url)('@microsoft/api-extractor')

/** The entries of every package that is not private: its declarations, and the report they are held against. */
export function entriesOf(tree) {
  return tree.files(/^packages\/[^/]+\/package\.json$/).flatMap((path) => {
    const { name, private: isPrivate, exports = {} } = JSON.parse(tree.read(path))
    if (isPrivate) return []
    // A program has none.
    const folder = path.replace(/\/package\.json$/, '')
    return Object.entries(exports).map(([entry, { types }]) => {
      const report = [name.split('/')[1], ...entry.split('/').slice(1)].join('-')
      return { folder, types: join(folder, types), report: `${report}.api.md` }
    })
  })
}

/** The report of an entry. Throws with what API Extractor says when it cannot be made. */
export function printSurface({ folder, types, report }) {
  const into = mkdtempSync(join(tmpdir(), 'millrace-surface-'))
  try {
    const errors = []
    const result = Extractor.invoke(configFor({ folder, types, report, into }), {
      localBuild: true,
      messageCallback: (message) => {
        message.handled = true
        if (message.logLevel === 'error') errors.push(message.formatMessageWithLocation(ROOT))
      },
    })
    if (!result.succeeded) throw new Error(`${types}: ${errors.join('\n')}`)
    return tidy(readFileSync(join(into, report), 'utf8'))
  } finally {
    rmSync(into, { recursive: true })
  }
}

/** Without the marks that every declaration has. */
const tidy = (report) =>
  report.replaceAll('\r\n', '\n').replace(/^\s*\/\/ (@public( \(undocumented\))?|\(undocumented\))\n/gm, '')

const configFor = ({ folder, types, report, into }) =>
  ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: join(ROOT, folder, 'package.json'),
    configObject: {
      projectFolder: join(ROOT, folder),
      mainEntryPointFilePath: join(ROOT, types),
      compiler: { overrideTsconfig: { compilerOptions: COMPILER_OPTIONS, files: [join(ROOT, types)] } },
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

const COMPILER_OPTIONS = {
  target: 'ES2023',
  lib: ['ES2023', 'DOM', 'DOM.AsyncIterable'],
  module: 'nodenext',
  moduleResolution: 'nodenext',
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: true,
}

/** The lines that only one of two texts has, at most so many: enough to see what changed. */
export function difference(before, now, most = 20) {
  const only = (text, other) => {
    const there = new Set(other.split('\n'))
    return text.split('\n').filter((line) => line.trim() !== '' && !there.has(line))
  }
  const lines = [
    ...only(before, now).map((line) => `- ${line}`),
    ...only(now, before).map((line) => `+ ${line}`),
  ]
  const rest = lines.length - most
  return rest > 0 ? [...lines.slice(0, most), `  … ${rest} more lines`] : lines
}
