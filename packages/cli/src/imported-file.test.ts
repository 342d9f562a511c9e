import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { importedFile } from './imported-file.js'

const folder = mkdtempSync(join(tmpdir(), 'millrace-imported-'))
afterAll(() => rmSync(folder, { recursive: true }))

function write(path: string, text = ''): string {
  const file = join(folder, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  return file
}

const from = join(folder, 'app/src/api.js')

test('is the one that import finds, not the one that require does, and the nearest', () => {
  const exports = {
    '.': { source: './x.ts', require: './x.cjs', import: { types: './x.d.ts', default: './x.mjs' } },
    './sub': './sub.mjs',
    './no': { require: './no.cjs' },
  }
  const manifest = JSON.stringify({ name: '@a/b', exports })
  const outer = write('node_modules/@a/b/package.json', manifest)
  expect(importedFile('@a/b', from)).toBe(join(dirname(outer), 'x.mjs'))
  expect(importedFile('@a/b/sub', from)).toBe(join(dirname(outer), 'sub.mjs'))

  const inner = write('app/node_modules/@a/b/package.json', manifest)
  expect(importedFile('@a/b', from)).toBe(join(dirname(inner), 'x.mjs'))
})

test('of a package that says nothing of import it is what require finds', () => {
  write('node_modules/old/package.json', '{"name":"old","main":"lib.js"}')
  const main = write('node_modules/old/lib.js')
  expect(importedFile('old', from)).toBe(main)
  expect(importedFile('absent', from)).toBeUndefined()
  expect(importedFile('@a/b/no/such', from)).toBeUndefined()
})
