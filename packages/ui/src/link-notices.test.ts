import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type LinkState, linkNotices } from './link-notices.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function link(first: LinkState) {
  let state = first
  let listener: (state: LinkState) => void = () => {}
  const notice = linkNotices({
    current: () => state,
    subscribe: (listen) => {
      listener = listen
    },
  })
  return {
    notice,
    moves(next: LinkState) {
      state = next
      listener(next)
    },
  }
}

it('says nothing of a first connection that comes soon, and something of one that does not', () => {
  const { notice, moves } = link({ name: 'connecting' })
  vi.advanceTimersByTime(1_000)
  expect(notice.value).toBeUndefined()
  vi.advanceTimersByTime(1_000)
  expect(notice.value?.text).toBe('Connecting…')
  moves({ name: 'connected' })
  expect(notice.value?.text).toBe('Back online')
})

it('says at once that the connection is lost, when the next try is, and that all is well again, for a while', () => {
  const { notice, moves } = link({ name: 'connected' })
  expect(notice.value).toBeUndefined()
  moves({ name: 'reconnecting', retryAt: 5_000 })
  expect(notice.value).toMatchObject({ mood: 'busy', text: 'Connection lost', retryAt: 5_000 })
  moves({ name: 'offline' })
  expect(notice.value).toMatchObject({ mood: 'bad', text: 'You’re offline' })
  moves({ name: 'connected' })
  expect(notice.value?.mood).toBe('good')
  vi.advanceTimersByTime(10_000)
  expect(notice.value).toBeUndefined()
})

it('lets the good news go when the connection is lost again', () => {
  const { notice, moves } = link({ name: 'connected' })
  moves({ name: 'reconnecting' })
  moves({ name: 'connected' })
  moves({ name: 'reconnecting' })
  vi.advanceTimersByTime(10_000)
  expect(notice.value?.text).toBe('Connection lost')
})

it('tells why the server sent the page away, and nothing of a client that was never used or closed by the page', () => {
  const { notice, moves } = link({ name: 'closed', reason: 'not used yet' })
  expect(notice.value).toBeUndefined()
  moves({ name: 'closed', code: 4500, reason: 'The token was not accepted' })
  expect(notice.value?.text).toBe('Disconnected: The token was not accepted')
})
