/** What documents say that files can prove: links, examples, dependencies. */
import { posix } from 'node:path'

export function checkDocs(tree) {
  const documents = tree.files(/\.md$/).filter((path) => !path.startsWith('docs/surface/'))
  const complaints = [
    ...documents.flatMap((path) => brokenLinks(tree, path)),
    ...documents.flatMap((path) => staleExamples(tree, path)),
    ...undocumentedDependencies(tree),
  ]
  return { complaints, good: `${documents.length} documents` }
}

/** Links to files of the repository that are not there, and to headings that the file has not. */
function brokenLinks(tree, path) {
  const text = withoutCode(tree.read(path))
  const complaints = []
  for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue
    const [file, heading] = target.split('#')
    const linked = file === '' ? path : posix.join(posix.dirname(path), file)
    if (tree.files(/./).every((one) => one !== linked && !one.startsWith(`${linked.replace(/\/$/, '')}/`)))
      complaints.push(`${path}: links to ${target}, which is not there`)
    else if (
      heading !== undefined &&
      linked.endsWith('.md') &&
      !headings(tree.read(linked)).includes(heading)
    )
      complaints.push(`${path}: links to ${target}, but there is no such heading`)
  }
  return complaints
}

const withoutCode = (text) => text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '')

/** The anchors of a document's headings, as GitHub makes them. */
const headings = (text) =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-'),
  )

/** Code below a comment that names a file must be that file: <!-- examples/chat.mjs -->. */
function staleExamples(tree, path) {
  const complaints = []
  for (const [, file, code] of tree
    .read(path)
    .matchAll(/<!-- (\S+\.m?[jt]s) -->\s*```\w+\n([\s\S]*?)^```/gm)) {
    if (tree.files(/./).includes(file) && tree.read(file) === code) continue
    complaints.push(`${path}: the example is not what ${file} is`)
  }
  return complaints
}

/** Each dependency of a package.json is in docs/dependencies.md with its reason, and each one there is a dependency. */
function undocumentedDependencies(tree) {
  const page = 'docs/dependencies.md'
  const used = new Set()
  for (const path of tree.files(/(^|\/)package\.json$/)) {
    const { dependencies, devDependencies, optionalDependencies, peerDependencies } = JSON.parse(
      tree.read(path),
    )
    const names = Object.keys({
      ...dependencies,
      ...devDependencies,
      ...optionalDependencies,
      ...peerDependencies,
    })
    for (const name of names) if (!name.startsWith('@millrace/')) used.add(name)
  }
  const rows = tree.files(/./).includes(page) ? [...tree.read(page).matchAll(/^\| (`[^|]+) \|/gm)] : []
  const named = new Set(rows.flatMap(([, cell]) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name)))
  return [
    ...[...used]
      .filter((name) => !named.has(name))
      .map((name) => `${page}: ${name} is missing, with its reason`),
    ...[...named].filter((name) => !used.has(name)).map((name) => `${page}: ${name} is no dependency`),
  ]
}
