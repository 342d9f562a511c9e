import { expect, it } from 'vitest'
import { Gate } from './gate.js'

it('lets in as many as there are places, and the others in their order', () => {
  const gate = new Gate(2)
  const inside: string[] = []
  for (const name of ['a', 'b', 'c', 'd']) gate.enter(() => inside.push(name))
  expect(inside).toEqual(['a', 'b'])
  gate.leave()
  expect(inside).toEqual(['a', 'b', 'c'])
  gate.leave()
  gate.leave()
  gate.leave()
  gate.enter(() => inside.push('e'))
  expect(inside).toEqual(['a', 'b', 'c', 'd', 'e'])
})
