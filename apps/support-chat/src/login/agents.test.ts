import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { Agents, agentsFrom, DEMO } from './agents.js'

const folder = mkdtempSync(join(tmpdir(), 'agents-'))
afterAll(() => rmSync(folder, { recursive: true }))

const password = DEMO[0]?.password ?? ''
const ada = { user: 'ada', name: 'Ada  Lovelace', role: 'lead', password }

function fileOf(content: unknown): string {
  const path = join(folder, 'agents.json')
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

it('reads who may log in', () => {
  const agents = new Agents(agentsFrom(fileOf([ada, { ...ada, user: 'bob', role: 'agent' }])))
  expect(agents.all()).toEqual([
    { id: 'agent.ada', name: 'Ada Lovelace', role: 'lead' },
    { id: 'agent.bob', name: 'Ada Lovelace', role: 'agent' },
  ])
  expect(agents.account(' ADA ')).toMatchObject({ agent: { id: 'agent.ada' }, password })
  expect(agents.account('constructor')).toBeUndefined()
  expect(agents.withId('agent.bob')?.role).toBe('agent')
  expect(agents.withId('bob')).toBeUndefined()
})

it('tells the passwords of the demonstration, and no others', () => {
  expect(new Agents().demo().map(({ user, password }) => [user, password])).toEqual([
    ['ines', 'mill-wheel-7'],
    ['tomas', 'mill-pond-4'],
  ])
  expect(new Agents(agentsFrom(fileOf([ada]))).demo()).toEqual([])
})

it.each<[unknown, string]>([
  ['not json', 'cannot be read as JSON'],
  [{}, 'the file: '],
  [[], 'somebody must be able to log in'],
  [[{ ...ada, user: 'Ada!' }], '0.user: a user name is'],
  [[{ ...ada, name: ' ' }], '0.name: '],
  [[{ ...ada, role: 'customer' }], '0.role: '],
  [
    [{ ...ada, password: 'open sesame' }],
    '0.password: not the hash of a password: make one with npm run password',
  ],
  [[{ ...ada, rank: 1 }], 'rank'],
  [[ada, ada], "two accounts of the user 'ada'"],
])('%j says what is wrong with it', (content, words) => {
  const path = fileOf(content)
  expect(() => agentsFrom(path)).toThrow(words)
  expect(() => agentsFrom(path)).toThrow(path)
})

it('says where there is no file', () => {
  expect(() => agentsFrom(join(folder, 'none.json'))).toThrow('There is no file of agents at')
})
