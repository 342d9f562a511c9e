import { expect, it } from 'vitest'
import { Turns } from './turns.js'

it('[H9.4] a little of what waits goes on in each turn, in order, and what is given meanwhile after it', () => {
  const scheduled: (() => void)[] = []
  const turns = new Turns({
    schedule: (_, task) => {
      scheduled.push(task)
      return () => {}
    },
  })
  const ran: number[] = []
  const turn = (): number[] => {
    for (const task of scheduled.splice(0)) task()
    return ran.splice(0)
  }
  for (let n = 1; n <= 10; n++)
    turns.later(() => {
      ran.push(n)
      if (n === 1) turns.later(() => ran.push(11))
    })
  expect([turn(), turn(), turn(), scheduled.length]).toEqual([[1, 2, 3, 4, 5, 6, 7, 8], [9, 10, 11], [], 0])
  turns.later(() => ran.push(12))
  expect(turn()).toEqual([12])
})
