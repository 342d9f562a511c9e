import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const THEME = fileURLToPath(new URL('../styles/theme.js', import.meta.url))

/**
 * How every application's pages are bundled: Preact's JSX, workspace packages from their sources, hashed names, and
 * nothing inline, so that the pages live under a strict Content-Security-Policy.
 *
 * @param {{ root: string, base: string, outDir: string, pages: Record<string, string> }} options
 * @returns {import('vite').UserConfig}
 */
export function pages({ root, base, outDir, pages }) {
  return {
    root,
    base,
    publicDir: false,
    resolve: { conditions: ['millrace:source', 'module', 'browser', 'import', 'default'] },
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: {
      outDir,
      emptyOutDir: true,
      target: ['chrome123', 'firefox121', 'safari17.5'],
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      rolldownOptions: { input: pages },
    },
    plugins: [themeBeforePaint(base)],
  }
}

/** Puts the theme script, under a hashed name, where it runs before anything is painted. */
function themeBeforePaint(base) {
  let reference = ''
  return {
    name: 'theme-before-paint',
    buildStart() {
      reference = this.emitFile({ type: 'asset', name: 'theme.js', source: readFileSync(THEME) })
    },
    transformIndexHtml: {
      order: 'post',
      handler(_html, { bundle }) {
        if (bundle === undefined) return []
        const name = Object.values(bundle).find(
          (file) => file.type === 'asset' && file.names?.includes('theme.js'),
        )?.fileName
        if (name === undefined) throw new Error(`The theme script (${reference}) is not in the bundle`)
        return [{ tag: 'script', attrs: { src: base + name }, injectTo: 'head-prepend' }]
      },
    },
  }
}
