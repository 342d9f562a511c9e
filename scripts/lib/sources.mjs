/** The repository's TypeScript sources, and a parser for them. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { ROOT } from './cli.mjs'

// TypeScript 7 parses in a process of its own and has no stable interface for scripts yet. API Extractor, which prints
// the surface reports, brings a TypeScript whose parser is one and which reads the same syntax.
const require = createRequire(import.meta.url)
export const ts = createRequire(require.resolve('@microsoft/api-extractor'))('typescript')

/** The files of this repository that git knows or would add, by their paths from its root. */
export function repository() {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  // What was deleted and not yet committed is still listed.
  const paths = listed.split('\0').filter((path) => path !== '' && existsSync(ROOT + path))
  return treeOf(paths, (path) => readFileSync(ROOT + path, 'utf8'))
}

/** What the checks look at: files by path. Their tests make one from a few texts. */
export const treeOf = (paths, read) => ({
  read,
  /** Paths that match. */
  files: (pattern) => paths.filter((path) => pattern.test(path)).sort(),
  /** Every file of code but declarations. */
  sources: () => paths.filter((path) => /\.(tsx?|mjs)$/.test(path) && !path.endsWith('.d.ts')).sort(),
  parse: (path) => {
    const kind = path.endsWith('.ts') ? ts.ScriptKind.TS : ts.ScriptKind.TSX
    return ts.createSourceFile(path, read(path), ts.ScriptTarget.Latest, true, kind)
  },
})

/** Tests, and what only tests use: folders named test, files named fixture. */
export const isTest = (path) => /\.test\.tsx?$|(^|\/)test\/|[-.]fixture\.ts$/.test(path)

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
