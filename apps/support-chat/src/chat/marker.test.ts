import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Mark } from '../domain/mark.js'
import { Marker } from './marker.js'

type Told = { delivered: Mark; read: Mark }

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const at = (offset: number): Mark => ({ time: offset * 10, offset })
const none = at(0)

function marker(answer: () => Promise<unknown> = () => Promise.resolve()) {
  const told: Told[] = []
  const made = new Marker((marks) => {
    told.push(marks)
    return answer()
  })
  return { marker: made, told }
}

it('gathers marks that come close together, and knows them itself at once', async () => {
  const { marker: one, told } = marker()
  one.delivered(at(1))
  one.delivered(at(2))
  one.read(at(1))
  expect(one.receipt.value).toEqual({ delivered: at(2), read: at(1) })
  expect(told).toEqual([])
  await vi.advanceTimersByTimeAsync(1_000)
  expect(told).toEqual([{ delivered: at(2), read: at(1) }])
})

it('says nothing twice, and nothing that the server knows already', async () => {
  const { marker: one, told } = marker()
  one.read(at(3))
  await vi.advanceTimersByTimeAsync(1_000)
  one.read(at(3))
  one.delivered(at(2))
  one.heard({ delivered: at(9), read: at(9) })
  one.read(at(8))
  await vi.advanceTimersByTimeAsync(1_000)
  expect(told).toHaveLength(1)
  expect(one.receipt.value.read).toEqual(at(9))
})

it('tells again after a failure, with the next connection', async () => {
  let works = false
  const { marker: one, told } = marker(() => (works ? Promise.resolve() : Promise.reject(new Error('cut'))))
  one.read(at(1))
  await vi.advanceTimersByTimeAsync(1_000)
  works = true
  one.flush()
  await vi.advanceTimersByTimeAsync(1_000)
  one.flush()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(told).toHaveLength(2)
})

it('tells again what the server has forgotten', async () => {
  const { marker: one, told } = marker()
  one.read(at(5))
  await vi.advanceTimersByTimeAsync(1_000)
  one.heard({ delivered: none, read: none })
  await vi.advanceTimersByTimeAsync(1_000)
  expect(told).toHaveLength(2)
  expect(told[1]?.read).toEqual(at(5))
})

it('is silent once stopped', async () => {
  const { marker: one, told } = marker()
  one.read(at(1))
  one.stop()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(told).toEqual([])
})
