import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
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

/** A desk with one ticket in each state. */
function busyDesk(): HelpDesk {
  const desk = new HelpDesk()
  for (const n of [1, 2, 3]) desk.open({ id: `t${n}`, customer: { id: `c${n}`, name: `C${n}` }, now: n })
  desk.take({ ticket: 't2', agent: { id: 'agent.ines', name: 'Ines' }, now: 5 })
  desk.close({ ticket: 't3', by: 'customer', now: 6 })
  return desk
}

it('finds the secret and the tickets again', () => {
  const path = join(folder, 'deep/data.json')
  const before = fileStore(path)
  expect(before.tickets).toEqual([])
  const desk = busyDesk()
  before.save(() => desk.all())
  before.flush()
  const after = fileStore(path)
  expect(after.secret).toBe(before.secret)
  expect(after.tickets).toEqual(desk.all())
})

it('writes once for changes that come together, with the newest state', async () => {
  const path = join(folder, 'data.json')
  const store = fileStore(path)
  const desk = busyDesk()
  store.save(() => [])
  store.save(() => desk.all())
  expect(JSON.parse(readFileSync(path, 'utf8')).tickets).toEqual([])
  await expect.poll(() => JSON.parse(readFileSync(path, 'utf8')).tickets.length, { timeout: 5_000 }).toBe(3)
  expect(readdirSync(folder)).toEqual(['data.json'])
})

it('lets nobody else read the secret', () => {
  const path = join(folder, 'data.json')
  fileStore(path)
  expect(statSync(path).mode & 0o077).toBe(0)
})

it.each(['', '{}', 'not json', '{"secret":"short","tickets":[]}'])('does not overwrite %j', (text) => {
  const path = join(folder, 'data.json')
  writeFileSync(path, text)
  expect(() => fileStore(path)).toThrow('move it away')
  expect(readFileSync(path, 'utf8')).toBe(text)
})
