import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { packageOf } from './package-info.js'

const folder = mkdtempSync(join(tmpdir(), 'millrace-package-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('the nearest package.json that can be read counts, with what it says in words', () => {
  mkdirSync(join(folder, 'app/src'), { recursive: true })
  const path = join(folder, 'app/src/api.js')
  writeFileSync(join(folder, 'package.json'), '{"name":"outer","version":"1.0.0"}')
  expect(packageOf(path)).toEqual({ name: 'outer', version: '1.0.0' })

  writeFileSync(join(folder, 'app/src/package.json'), '{"type":')
  writeFileSync(
    join(folder, 'app/package.json'),
    '{"name":"inner","version":2,"description":"","private":true}',
  )
  expect(packageOf(path)).toEqual({ name: 'inner' })
})
