/** The repository's TypeScript sources, and a parser for them. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { ROOT } from './cli.mjs'

// TypeScript 7 parses in a process of its own and has no stable interface for scripts yet. API Extractor, which prints
// the surface reports, brings a TypeScript whose parser is one and which reads the same syntax.
const require = createRequire(import.meta.url)
export const ts = createRequire(require.resolve('@microsoft/api-extractor'))('typescript')

/** Paths from the root of the files git knows or would add, that are there and match. */
export function files(pattern) {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  return listed
    .split('\0')
    .filter((path) => pattern.test(path) && existsSync(ROOT + path))
    .sort()
}

export const read = (path) => readFileSync(ROOT + path, 'utf8')

/** Tests, and the folders of what only tests use. */
export const isTest = (path) => /\.test\.tsx?$|(^|\/)test\//.test(path)

/** Every file of code but declarations. */
export const sources = () => files(/\.(tsx?|mjs)$/).filter((path) => !path.endsWith('.d.ts'))

export function parse(path) {
  const kind = path.endsWith('.ts') ? ts.ScriptKind.TS : ts.ScriptKind.TSX
  return ts.createSourceFile(path, read(path), ts.ScriptTarget.Latest, true, kind)
}

/**
 * What a file imports, in any way, with the line: `import`, `export … from`, `import()`, `import('…').T`. `erased` says that
 * nothing of it is left at run time.
 */
export function importsOf(source) {
  const found = []
  const add = (node, erased) => {
    if (node !== undefined && ts.isStringLiteralLike(node))
      found.push({ from: node.text, line: lineOf(source, node), erased })
  }
  const visit = (node) => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, node.importClause?.isTypeOnly === true)
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly)
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], false)
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      add(node.argument.literal, true)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

export const lineOf = (source, node) => source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1
