import { beforeEach, expect, it } from 'vitest'
import { Turns } from './turns.js'

let scheduled: (() => void)[]
let turns: Turns
let ran: number[]
beforeEach(() => {
  scheduled = []
  ran = []
  turns = new Turns({
    schedule: (_, task) => {
      scheduled.push(task)
      return () => {}
    },
  })
})
const turn = (): number[] => {
  for (const task of scheduled.splice(0)) task()
  return ran.splice(0)
}

it('[H9.4] a little of what waits goes on in each turn, in order, and what is given meanwhile after it', () => {
  for (let n = 1; n <= 4; n++)
    turns.later(() => {
      ran.push(n)
      if (n === 1) turns.later(() => ran.push(5))
    })
  expect([turn(), turn(), turn(), scheduled.length]).toEqual([[1, 2], [3, 4], [5], 0])
  turns.later(() => ran.push(12))
  expect(turn()).toEqual([12])
})

it('[H9.4] what need not wait runs at once, as much as fits in a turn, and never before what waits', () => {
  const give = (from: number, to: number): void => {
    for (let n = from; n <= to; n++) turns.soon(() => ran.push(n))
  }
  give(1, 1)
  expect(ran).toEqual([1])
  give(2, 5)
  expect(ran.splice(0)).toEqual([1, 2])
  expect(turn()).toEqual([3, 4])
  give(6, 6)
  expect([turn(), turn()]).toEqual([[5, 6], []])
  give(7, 7)
  expect(ran).toEqual([7])
})
