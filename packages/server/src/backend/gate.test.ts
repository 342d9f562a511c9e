import { expect, it } from 'vitest'
import { settle } from '../testing/index.js'
import { Gate, type Turn } from './gate.js'

/** Turns of whoever enters, and the names of those who may go, in the order in which they were told. */
function world(concurrency: number, queue: number) {
  const gate = new Gate({ concurrency, queue })
  const went: string[] = []
  const enter = (name: string): Turn => {
    const turn = gate.enter()
    if (turn === undefined) throw new Error(`${name} found no place`)
    void turn.come.then((mayGo) => went.push(mayGo ? name : `not ${name}`))
    return turn
  }
  return { gate, went, enter }
}

it('lets go in the order in which they came, and who leaves the queue makes nobody go too early', async () => {
  const { gate, went, enter } = world(2, 3)
  const [a, b, c, d, e] = ['a', 'b', 'c', 'd', 'e'].map(enter)
  expect(gate.enter()).toBeUndefined()
  await settle()
  expect(went).toEqual(['a', 'b'])
  c?.leave()
  await settle()
  expect(went).toEqual(['a', 'b', 'not c'])
  expect([gate.going, gate.waiting]).toEqual([2, 2])
  a?.leave()
  b?.leave()
  await settle()
  expect(went.slice(3)).toEqual(['d', 'e'])
  d?.leave()
  e?.leave()
  expect([gate.going, gate.waiting]).toEqual([0, 0])
})

it('has one place back from whoever leaves, however often that is said', async () => {
  const { gate, went, enter } = world(1, 9)
  const [a, b, c] = ['a', 'b', 'c'].map(enter)
  for (let i = 0; i < 3; i++) a?.leave()
  for (let i = 0; i < 3; i++) c?.leave()
  await settle()
  expect(went).toEqual(['a', 'b', 'not c'])
  expect([gate.going, gate.waiting]).toEqual([1, 0])
  b?.leave()
  expect(gate.going).toBe(0)
})

it('may have no queue at all', () => {
  const { gate, enter } = world(1, 0)
  const turn = enter('a')
  expect(gate.enter()).toBeUndefined()
  turn.leave()
  expect(gate.enter()).toBeDefined()
})
