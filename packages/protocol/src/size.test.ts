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
  ['what every client needs: the JSON dialect and errors', 'jsonDialect, MillraceError', 3900],
  [
    'the same with the table of channels, for a client that checks names itself',
    'jsonDialect, MillraceError, channelTable',
    5050,
  ],
  ['both dialects', 'jsonDialect, binaryDialect, MillraceError', 5900],
])('%s', async (_, names, budget) => {
  expect(await sizeOf(names)).toBeLessThanOrEqual(budget)
})

test('what is not used is not there', async () => {
  expect(await sizeOf('chain')).toBeLessThan(200)
  expect(await sizeOf('checkChannelName')).toBeLessThan(2000)
})
