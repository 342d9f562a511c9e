/** The example of docs/asyncapi.md: a program in another language that knows the api from the document alone. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { tool } from '../../../test/support/tools.js'
import { millrace } from '../test/terminal.js'

const PAYLOADS = fileURLToPath(new URL('../../../docs/examples/python/payloads.py', import.meta.url))
const python = tool.pythonJsonschema()
const folder = mkdtempSync(join(tmpdir(), 'millrace-python-'))
const document = join(folder, 'asyncapi.json')
beforeAll(() => millrace(['api', 'everything.ts', '--out', document]))
afterAll(() => rmSync(folder, { recursive: true }))

const user = { id: 'u1', name: 'Ann' }
test.skipIf(python === undefined).each([
  ['ChatRoomMessage', { author: user, text: 'hello', replies: [{ author: user, text: 'hi' }] }, 'good'],
  ['ChatRoomMessage', { author: user, text: 7 }, "data.text: 7 is not of type 'string'"],
  [
    'ChatRoomMessage',
    { author: user, text: 'hello', replies: [{ author: {}, text: 'hi' }] },
    "data.replies[0].author: 'id' is a required property\ndata.replies[0].author: 'name' is a required property",
  ],
  ['Error', { code: 111, message: 'no' }, 'good'],
])('a payload is held against %s: %j', (name, value, expected) => {
  const args = [PAYLOADS, document, name, JSON.stringify(value)]
  const { stdout, stderr, status } = spawnSync(python ?? '', args, { encoding: 'utf8' })
  expect({ stdout, stderr }).toEqual({ stdout: `${expected}\n`, stderr: '' })
  expect(status).toBe(expected === 'good' ? 0 : 1)
})
