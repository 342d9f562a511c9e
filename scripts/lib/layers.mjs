/** The import table: who may import whom. The one place where it is written; ARCHITECTURE.md shows it. */

/**
 * A file belongs to the layer with the longest path that it begins with. `may` names the layers and packages it may
 * import, beside its own; `entry` that others enter it by its index.ts; `node` whether it may import node:*; `npm` which
 * other packages, where not all that its package.json declares; `tools` that it may use the repository's own tools; `pure` that time and
 * randomness enter through ports.
 */
export const LAYERS = [
  {
    name: 'protocol',
    path: 'packages/protocol/src/',
    pure: true,
    may: [],
    npm: ['@standard-schema/spec'],
  },
  { name: 'websocket', entry: true, path: 'packages/server/src/websocket/', pure: true, may: [], npm: [] },
  {
    name: 'hub',
    entry: true,
    path: 'packages/server/src/hub/',
    pure: true,
    may: ['@millrace/protocol'],
    npm: [],
  },
  {
    name: 'broker',
    entry: true,
    path: 'packages/server/src/broker/',
    pure: true,
    may: ['@millrace/protocol', 'hub'],
    npm: [],
  },
  {
    name: 'requests',
    entry: true,
    path: 'packages/server/src/requests/',
    pure: true,
    may: ['@millrace/protocol', 'hub'],
    npm: [],
  },
  {
    name: 'readers',
    entry: true,
    path: 'packages/server/src/readers/',
    pure: true,
    may: ['@millrace/protocol', 'hub'],
    npm: [],
  },
  {
    name: 'backend',
    entry: true,
    path: 'packages/server/src/backend/',
    pure: true,
    may: ['@millrace/protocol', 'hub'],
    npm: [],
  },
  {
    name: 'webhooks',
    entry: true,
    path: 'packages/server/src/webhooks/',
    pure: true,
    may: ['@millrace/protocol', 'hub'],
    npm: [],
  },
  {
    name: 'node',
    path: 'packages/server/src/node/',
    may: ['@millrace/protocol', 'hub', 'requests', 'readers', 'admin', 'backend', 'websocket'],
    node: true,
    npm: [],
  },
  { name: 'auth', path: 'packages/server/src/auth/', may: ['@millrace/protocol', 'hub', 'backend'] },
  { name: 'limits', path: 'packages/server/src/limits/', may: ['@millrace/protocol', 'hub'] },
  { name: 'admin', path: 'packages/server/src/admin/', may: ['@millrace/protocol', 'hub', 'readers'] },
  {
    name: 'testing',
    path: 'packages/server/src/testing/',
    may: ['@millrace/protocol', 'hub', 'broker'],
    npm: ['fast-check', 'vitest'],
  },
  {
    name: 'server',
    path: 'packages/server/src/',
    may: [
      '@millrace/protocol',
      'hub',
      'broker',
      'requests',
      'readers',
      'backend',
      'webhooks',
      'node',
      'websocket',
      'auth',
      'limits',
      'admin',
    ],
    // The composition root listens, and the public interface tells where, in the platform's type; nothing else outside node/
    // touches the platform.
    nodeIn: ['packages/server/src/server.ts', 'packages/server/src/millrace.ts'],
  },
  {
    name: 'client core',
    path: 'packages/client/src/core/',
    pure: true,
    may: ['@millrace/protocol'],
    npm: [],
  },
  {
    name: 'fallback',
    path: 'packages/client/src/fallback/',
    pure: true,
    may: ['@millrace/protocol', 'client core'],
    npm: [],
  },
  {
    name: 'outbox',
    path: 'packages/client/src/outbox/',
    may: ['@millrace/protocol', 'client core'],
    npm: [],
  },
  {
    name: 'device commands',
    path: 'packages/client/src/commands/',
    may: ['@millrace/protocol', 'client core', 'outbox'],
    npm: [],
  },
  {
    name: 'banner',
    path: 'packages/client/src/banner/',
    may: ['@millrace/protocol', 'client core'],
    npm: [],
  },
  {
    name: 'client',
    path: 'packages/client/src/',
    may: ['@millrace/protocol', 'client core', 'fallback', 'outbox', 'device commands', 'banner'],
    npm: [],
  },
  {
    name: 'store-lmdb',
    path: 'packages/store-lmdb/src/',
    may: ['@millrace/protocol', '@millrace/server'],
    node: true,
  },
  {
    name: 'broker-redis',
    path: 'packages/broker-redis/src/',
    may: ['@millrace/protocol', '@millrace/server'],
    node: true,
  },
  {
    name: 'testbed',
    path: 'packages/testing/src/',
    may: ['@millrace/protocol', '@millrace/client', '@millrace/server'],
    node: true,
  },
  {
    name: 'cli schemas',
    path: 'packages/cli/src/schemas/',
    pure: true,
    may: [],
    npm: [],
  },
  {
    name: 'cli asyncapi',
    path: 'packages/cli/src/asyncapi/',
    pure: true,
    may: ['@millrace/protocol', 'cli schemas'],
    npm: [],
  },
  {
    name: 'cli',
    path: 'packages/cli/src/',
    may: ['@millrace/protocol', 'cli schemas', 'cli asyncapi'],
    node: true,
  },
  { name: 'store-lmdb bench', path: 'packages/store-lmdb/bench.mjs', may: ['@millrace/server'], node: true },
  {
    name: 'broker-redis bench',
    path: 'packages/broker-redis/bench.mjs',
    may: ['@millrace/server'],
    node: true,
  },
  { name: 'ui serve', path: 'packages/ui/serve/', may: [], node: true },
  { name: 'ui build', path: 'packages/ui/build/', may: [], node: true, tools: true },
  { name: 'ui', path: 'packages/ui/', may: ['@millrace/protocol', '@millrace/client'] },
  {
    name: 'apps',
    path: 'apps/',
    may: [
      '@millrace/protocol',
      '@millrace/client',
      '@millrace/server',
      '@millrace/ui',
      '@millrace/support-chat',
    ],
    node: true,
  },
  {
    name: 'conformance',
    path: 'conformance/',
    may: ['@millrace/protocol', '@millrace/client', '@millrace/server'],
    node: true,
    tools: true,
  },
  {
    name: 'fuzz',
    path: 'fuzz/',
    may: ['@millrace/protocol', '@millrace/client', '@millrace/server'],
    node: true,
    tools: true,
  },
  {
    name: 'bench',
    path: 'bench/',
    may: ['@millrace/protocol', '@millrace/client', '@millrace/server'],
    node: true,
    tools: true,
  },
  {
    name: 'simulation',
    path: 'simulation/',
    may: ['@millrace/protocol', '@millrace/client', '@millrace/server', '@millrace/testing'],
    node: true,
    tools: true,
  },
  {
    name: 'examples',
    path: 'examples/',
    may: ['@millrace/client', '@millrace/server', '@millrace/testing'],
    node: true,
    tools: true,
  },
  { name: 'scripts', path: 'scripts/', may: [], node: true, tools: true },
  { name: 'test support', path: 'test/', may: [], node: true, tools: true },
]

/** Two layers that do not know each other, and the folder in which one file may know both. */
export const MEETING = { imported: 'hub', reached: 'websocket', in: 'packages/server/src/node/' }

/** What lies in a package's test/ folder serves its tests, and may do as they do. */
const TESTS = { name: 'tests', path: 'test/', may: [], node: true, tools: true }

export const layerOf = (path) =>
  LAYERS.filter((layer) => path.startsWith(layer.path)).sort((a, b) => b.path.length - a.path.length)[0] ??
  (/^packages\/[^/]+\/test\//.test(path) ? TESTS : undefined)

/** The table as Markdown, its columns aligned as the formatter leaves them. */
export function tableText() {
  const rows = LAYERS.map(({ name, path, may, npm = [], node, nodeIn }) => {
    const platform = node ? 'yes' : (nodeIn?.map((file) => file.slice(path.length)).join(', ') ?? 'no')
    return [name, `\`${path}\``, [...may, ...npm].join(', ') || 'nothing', platform]
  })
  const all = [['layer', 'folder', 'may import', 'node:*'], ...rows]
  const widths = all[0].map((_, column) => Math.max(...all.map((row) => row[column].length)))
  const lines = all.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`)
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
  return [lines[0], rule, ...lines.slice(1)].join('\n')
}
