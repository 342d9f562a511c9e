/** What this package costs a page. The client's own test holds the whole of it to its budget; this one finds what grew. */
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { expect, test } from 'vitest'

const CLIENT = new URL('../../client/', import.meta.url).pathname

/** Bytes of what is used of the package, minified and gzipped, as a bundler would leave it. */
async function sizeOf(names: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: `export { ${names} } from '@millrace/protocol'`, resolveDir: CLIENT },
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
    conditions: ['millrace:source'],
  })
  return gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length
}

test.each([
  ['what every client needs: its half of the JSON dialect, and errors', 'jsonClient, MillraceError', 1850],
  ['what a server in a page would need: both halves', 'jsonDialect, MillraceError', 4900],
  [
    'the same with the table of channels, for a client that checks names itself',
    'jsonClient, MillraceError, channelTable',
    4450,
  ],
  ['both dialects', 'jsonClient, binaryDialect, MillraceError', 5800],
])('%s', async (_, names, budget) => {
  expect(await sizeOf(names)).toBeLessThanOrEqual(budget)
})

test('what is not used is not there', async () => {
  expect(await sizeOf('chain')).toBeLessThan(200)
  expect(await sizeOf('checkChannelName')).toBeLessThan(2000)
})
