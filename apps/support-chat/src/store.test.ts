import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { HelpDesk } from './domain/help-desk.js'
import { fileStore } from './store.js'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'support-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const ines = { id: 'agent.ines', name: 'Ines' }

/** A desk with one ticket in each state, saved as it went along. */
function busyDesk(path: string): HelpDesk {
  const store = fileStore(path)
  const desk = new HelpDesk()
  for (const n of [1, 2, 3]) {
    store.save([desk.open({ id: `t${n}`, customer: { id: `c${n}`, name: `C${n}` }, now: n })])
  }
  store.save(desk.take({ ticket: 't2', agent: ines, now: 5 }))
  store.save(desk.take({ ticket: 't3', agent: ines, now: 5 }))
  store.save(desk.close({ ticket: 't3', by: 'customer', now: 6 }))
  return desk
}

it('finds the secret and the newest state of each ticket again, without having been closed', () => {
  const path = join(folder, 'deep/data.jsonl')
  const { secret, tickets } = fileStore(path)
  expect(tickets).toEqual([])
  const desk = busyDesk(path)
  const after = fileStore(path)
  expect(after.secret).toBe(secret)
  expect(new HelpDesk(after.tickets).all()).toEqual(desk.all())
})

it('writes the file anew when it opens it, without what was overtaken', () => {
  const path = join(folder, 'data.jsonl')
  busyDesk(path)
  const lines = () => readFileSync(path, 'utf8').trimEnd().split('\n').length
  expect(lines()).toBeGreaterThan(4)
  fileStore(path).close()
  expect(lines()).toBe(4)
  expect(readdirSync(folder)).toEqual(['data.jsonl'])
})

it('forgets a last line that a crash cut off', () => {
  const path = join(folder, 'data.jsonl')
  const desk = busyDesk(path)
  appendFileSync(path, '{"id":"t9","custo')
  expect(fileStore(path).tickets.map(({ id }) => id)).toEqual(desk.all().map(({ id }) => id))
})

it('lets nobody else read the secret', () => {
  const path = join(folder, 'data.jsonl')
  fileStore(path)
  expect(statSync(path).mode & 0o077).toBe(0)
})

it.each(['', '{}\n', 'not json\n', '{"secret":"short"}\n', `{"secret":"${'x'.repeat(40)}"}\n{"id":"t1"}\n`])(
  'does not overwrite %j',
  (text) => {
    const path = join(folder, 'data.jsonl')
    writeFileSync(path, text)
    expect(() => fileStore(path)).toThrow('move it away')
    expect(readFileSync(path, 'utf8')).toBe(text)
  },
)
