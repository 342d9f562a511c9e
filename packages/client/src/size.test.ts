/** What the client costs a page: bundled and minified by Vite as it comes, and gzipped, as the README counts it. */
import { gzipSync } from 'node:zlib'
import { build, type Rollup } from 'vite'
import { describe, expect, it } from 'vitest'

interface Size {
  readonly gzipped: number
  /** Bytes before gzip and minifying, by package. */
  readonly parts: Readonly<Record<string, number>>
}

const PAGE = `${import.meta.dirname}/page.js`

async function sizeOf(contents: string): Promise<Size> {
  const { output } = (await build({
    configFile: false,
    logLevel: 'silent',
    root: import.meta.dirname,
    resolve: { conditions: ['millrace:source', 'import', 'default'] },
    plugins: [
      {
        name: 'page',
        resolveId: (id) => (id.endsWith(PAGE) ? PAGE : null),
        load: (id) => (id === PAGE ? contents : null),
      },
    ],
    // Vite's preloading is for pages in several chunks; there is one here.
    build: {
      write: false,
      target: 'es2022',
      modulePreload: { polyfill: false },
      rollupOptions: { input: PAGE },
    },
  })) as Rollup.RollupOutput
  const [chunk] = output
  const parts: Record<string, number> = {}
  for (const [path, { renderedLength }] of Object.entries(chunk.modules)) {
    const part = /packages\/(\w+)\//.exec(path)?.[1] ?? 'client'
    parts[part] = (parts[part] ?? 0) + renderedLength
  }
  return { gzipped: gzipSync(chunk.code, { level: 9 }).length, parts }
}

const show = (what: string, { gzipped, parts }: Size): void =>
  console.info(`${what}: ${gzipped} bytes min+gzip; before minifying ${JSON.stringify(parts)}`)

describe('the size of the client', () => {
  it('is at most 10,000 bytes min+gzip with the JSON dialect', async () => {
    const size = await sizeOf(`import { createClient } from '@millrace/client'; createClient({ url: '/' })`)
    show('createClient', size)
    expect(size.gzipped).toBeLessThanOrEqual(10_000)
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

  it('grows by what a device remembers of commands only where that is used', async () => {
    const plain = await sizeOf(`import { createClient } from '@millrace/client'; createClient({ url: '/' })`)
    const device = await sizeOf(`
      import { createClient } from '@millrace/client'
      import { createCommands } from '@millrace/client/commands'
      createCommands(createClient({ url: '/' }))
    `)
    show('createClient and createCommands', device)
    expect(device.gzipped - plain.gzipped).toBeGreaterThan(300)
    expect(device.gzipped - plain.gzipped).toBeLessThan(1_000)
  })

  it('is next to nothing for the error class alone', async () => {
    const size = await sizeOf(
      `import { MillraceError } from '@millrace/client'; new MillraceError('timeout')`,
    )
    expect(size.gzipped).toBeLessThan(1_500)
  })
})
