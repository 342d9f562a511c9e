/** What the client costs a page: minified by esbuild and gzipped, as the README counts it. */
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'

interface Size {
  readonly gzipped: number
  /** Bytes before gzip, by package. */
  readonly parts: Readonly<Record<string, number>>
}

async function sizeOf(contents: string): Promise<Size> {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    conditions: ['millrace:source'],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    metafile: true,
    outfile: 'client.js',
  })
  const parts: Record<string, number> = {}
  for (const { inputs } of Object.values(metafile.outputs))
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const part = /packages\/(\w+)\//.exec(path)?.[1] ?? 'client'
      parts[part] = (parts[part] ?? 0) + bytesInOutput
    }
  return { gzipped: gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length, parts }
}

const show = (what: string, { gzipped, parts }: Size): void =>
  console.info(`${what}: ${gzipped} bytes min+gzip; before gzip ${JSON.stringify(parts)}`)

describe('the size of the client', () => {
  // The aim is 10,000; docs/client.md says what the rest would cost.
  it('is at most 10,550 bytes min+gzip with the JSON dialect', async () => {
    const size = await sizeOf(`import { createClient } from '@millrace/client'; createClient({ url: '/' })`)
    show('createClient', size)
    expect(size.gzipped).toBeLessThanOrEqual(10_550)
  })

  it('grows by the binary dialect only where that is used', async () => {
    const json = await sizeOf(`import { createClient } from '@millrace/client'; createClient({ url: '/' })`)
    const both = await sizeOf(`
      import { createClient } from '@millrace/client'
      import { binary } from '@millrace/client/binary'
      createClient({ url: '/', dialect: binary() })
    `)
    show('createClient and binary', both)
    expect(both.gzipped - json.gzipped).toBeGreaterThan(500)
    expect(both.gzipped - json.gzipped).toBeLessThan(3_500)
  })

  it('is next to nothing for the error class alone', async () => {
    const size = await sizeOf(
      `import { MillraceError } from '@millrace/client'; new MillraceError('timeout')`,
    )
    expect(size.gzipped).toBeLessThan(1_500)
  })
})
