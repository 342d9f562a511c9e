import { describe, expect, it } from 'vitest'
import { Beside } from './beside.js'

describe('what belongs to an object', () => {
  it('is found there, and not at its copy, nor by another that keeps something of it', () => {
    const [names, ages] = [new Beside<object, string>(), new Beside<object, number>()]
    const one = [1, 2]
    names.set(one, 'one')
    names.set(one, 'first')
    ages.set(one, 7)
    expect([names.get(one), ages.get(one), names.get([...one]), names.get({})]).toEqual([
      'first',
      7,
      undefined,
      undefined,
    ])
  })

  it('is seen by nobody else', () => {
    const one = { a: 1 }
    new Beside<object, string>().set(one, 'hidden')
    expect([one, { ...one }, structuredClone(one), JSON.stringify(one)]).toEqual([
      { a: 1 },
      { a: 1 },
      { a: 1 },
      '{"a":1}',
    ])
    expect(Object.assign({}, one)).toEqual({ a: 1 })
  })
})
