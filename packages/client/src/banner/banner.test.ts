import { describe, expect, it } from 'vitest'
import { defineBanner } from '../banner.entry.js'
import type { ClientState } from '../core/index.js'
import { inWords } from './words.js'

const lost: ClientState = { name: 'reconnecting', since: 5, reason: 'cut', attempt: 3, retryAt: 9 }
const degraded: ClientState = { name: 'degraded', since: 5, reason: 'No connection by WebSocket' }

describe('on a server', () => {
  it('there is nothing to define, and that harms nobody', () => {
    expect(globalThis.customElements).toBeUndefined()
    expect(() => defineBanner()).not.toThrow()
    expect(() => defineBanner('another-banner')).not.toThrow()
  })
})

describe("the application's words", () => {
  it('stand in place of those that they replace, and no others', () => {
    const texts = { reconnecting: 'Verbindung verloren.', tryNow: 'Jetzt versuchen' }
    expect(inWords({ kind: 'reconnecting', state: lost, note: 'trying' }, undefined, texts)).toMatchObject({
      title: 'Verbindung verloren.',
      note: 'Trying to reconnect…',
      action: 'Jetzt versuchen',
    })
  })

  it('may depend on state, transport, seconds and what was before', () => {
    const via = { name: 'poll', reason: degraded.reason, slow: true } as const
    const texts = {
      degraded: ({ state, transport }) => `${transport?.name} since ${state.since}: ${state.reason}`,
      countdown: ({ seconds }) => `${seconds}…`,
      recovered: ({ after }) => `after ${after}`,
    } satisfies Parameters<typeof inWords>[2]
    const title = inWords({ kind: 'degraded', state: degraded }, via, texts).title
    expect(title).toBe('poll since 5: No connection by WebSocket')
    const counting = { kind: 'reconnecting', state: lost, note: 'countdown', seconds: 7 } as const
    expect(inWords(counting, via, texts).note).toBe('7…')
    expect(inWords({ kind: 'recovered', state: lost, after: 'offline' }, via, texts).title).toBe(
      'after offline',
    )
  })
})
