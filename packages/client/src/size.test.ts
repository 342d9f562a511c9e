/** What the client costs a page: bundled and minified by Vite as it comes, and gzipped, as the README counts it. */
import { createContext, runInContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import { type BuildOptions, build as esbuild } from 'esbuild'
import { build, type Rollup } from 'vite'
import { describe, expect, it } from 'vitest'

interface Size {
  /** Of the chunk that every page loads. */
  readonly gzipped: number
  /** Of the chunks that are loaded when they are needed, by their names. */
  readonly later: Readonly<Record<string, number>>
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
      {
        // What Vite adds to whatever page has several chunks, once for all of them, is not the client's.
        name: 'no preloading',
        enforce: 'pre',
        load: (id) =>
          id.includes('vite/preload-helper') ? 'export const __vitePreload = (load) => load()' : null,
      },
    ],
    build: {
      write: false,
      target: 'es2022',
      modulePreload: { polyfill: false },
      rollupOptions: { input: PAGE },
    },
  })) as Rollup.RollupOutput
  const [chunk, ...chunks] = output
  const later = Object.fromEntries(chunks.map((one) => [one.name, 'code' in one ? zipped(one.code) : 0]))
  const parts: Record<string, number> = {}
  for (const [path, { renderedLength }] of Object.entries(chunk.modules)) {
    const part = /packages\/(\w+)\//.exec(path)?.[1] ?? 'client'
    parts[part] = (parts[part] ?? 0) + renderedLength
  }
  return { gzipped: zipped(chunk.code), later, parts }
}

const zipped = (code: string): number => gzipSync(code, { level: 9 }).length

const show = (what: string, { gzipped, parts }: Size): void =>
  console.info(`${what}: ${gzipped} bytes min+gzip; before minifying ${JSON.stringify(parts)}`)

describe('other transports than WebSocket', () => {
  const page = `import { createClient } from '@millrace/client'; createClient({ url: '/' }).connect()`

  it('are a chunk of their own, of at most 5,500 bytes min+gzip, which only pages load that need it', async () => {
    const { later } = await sizeOf(page)
    expect(Object.keys(later)).toEqual(['fallback.entry'])
    console.info(`other transports: ${later['fallback.entry']} bytes min+gzip`)
    expect(later['fallback.entry']).toBeLessThanOrEqual(5_500)
  })

  it('are split off by esbuild as well, and part of a script that is one file', async () => {
    const bundle = (options: BuildOptions) =>
      esbuild({
        stdin: { contents: page, resolveDir: import.meta.dirname },
        ...{ bundle: true, minify: true, write: false, target: 'es2022', conditions: ['millrace:source'] },
        ...options,
      })
    const { outputFiles } = await bundle({ format: 'esm', splitting: true, outdir: 'out' })
    const having = outputFiles?.filter(({ text }) => text.includes('millrace.transport'))
    expect(having?.map(({ path }) => /fallback\.entry/.test(path))).toEqual([true])
    const whole = await bundle({ format: 'iife' })
    expect(whole.outputFiles).toHaveLength(1)
    const [script] = whole.outputFiles ?? []
    expect(await transportsTried(script?.text ?? '')).toEqual(['WebSocket', 'poll', 'stream'])
  })
})

/** Runs a page's script where no WebSocket works and nothing is answered. Resolves with what it tries. */
async function transportsTried(script: string): Promise<string[]> {
  const tried: string[] = []
  class WebSocket {
    addEventListener(type: string, listener: (event: object) => void): void {
      if (type === 'close') setTimeout(() => listener({ code: 1006 }))
    }
    close(): void {}
    send(): void {}
  }
  const note = (name: string): void => void (tried.includes(name) || tried.push(name))
  const globals = {
    WebSocket: class extends WebSocket {
      constructor() {
        super()
        note('WebSocket')
      }
    },
    fetch: async (url: URL) => {
      note(String(url).split('/').at(-1) ?? '')
      throw new TypeError('Failed to fetch')
    },
    location: { href: 'https://shop.example/' },
  }
  const context = createContext({
    ...globals,
    URL,
    AbortController,
    setTimeout,
    clearTimeout,
    btoa,
    atob,
    console,
  })
  runInContext(script, context)
  for (let waited = 0; waited < 5000 && tried.length < 3; waited += 10)
    await new Promise((done) => setTimeout(done, 10))
  return tried
}

describe('the size of the client', () => {
  it('is at most 12,288 bytes min+gzip with the JSON dialect', async () => {
    const size = await sizeOf(`import { createClient } from '@millrace/client'; createClient({ url: '/' })`)
    show('createClient', size)
    expect(size.gzipped).toBeLessThanOrEqual(12_288)
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
    expect(both.gzipped - json.gzipped).toBeLessThan(3_700)
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

  it('is at most 2,500 bytes min+gzip for the banner, which brings no client along', async () => {
    const size = await sizeOf(`import { defineBanner } from '@millrace/client/banner'; defineBanner()`)
    show('defineBanner', size)
    expect(size.gzipped).toBeLessThanOrEqual(2_500)
  })

  it('is next to nothing for the error class alone', async () => {
    const size = await sizeOf(
      `import { MillraceError } from '@millrace/client'; new MillraceError('timeout')`,
    )
    expect(size.gzipped).toBeLessThan(1_500)
  })
})
