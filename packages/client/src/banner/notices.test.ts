import { CODES } from '@millrace/protocol'
import { beforeEach, describe, expect, it } from 'vitest'
import type { ClientState } from '../core/index.js'
import { type Notice, Notices } from './notices.js'
import { inWords } from './words.js'

const DELAY = 1000

let now = 0
let state: ClientState
let notices: Notices
let notice: Notice | undefined
let again = Number.POSITIVE_INFINITY

const look = (): void => {
  ;({ notice, again } = notices.look(state, now, DELAY))
}
/** The client's state changes. As with the real one, `since` stays where the name does. */
function comes(next: { [K in keyof ClientState]?: unknown } & { name: ClientState['name'] }): void {
  const since = state?.name === next.name ? state.since : now
  state = { since, reason: '', attempt: 1, ...next } as ClientState
  look()
}
/** Time passes, and the banner looks when it said it would. */
function passes(ms: number): void {
  const until = now + ms
  while (now + again <= until) {
    now += again
    look()
  }
  again -= until - now
  now = until
}
const words = (): string => {
  if (notice === undefined) return ''
  const { title, note, action } = inWords(notice, undefined, {})
  return [title, note, action && `[${action}]`].filter(Boolean).join(' ')
}

beforeEach(() => {
  now = 1_000_000
  state = { name: 'closed', since: now, reason: 'not used yet' }
  notices = new Notices()
  notice = undefined
  again = Number.POSITIVE_INFINITY
})

describe('what is worth saying', () => {
  it('is nothing while all is well, before the first use, and after a close by the application', () => {
    look()
    expect(words()).toBe('')
    comes({ name: 'connecting' })
    comes({ name: 'connected' })
    passes(60_000)
    expect(words()).toBe('')
    comes({ name: 'closed', code: 1000, reason: 'Closed by the application' })
    passes(60_000)
    expect([words(), again]).toEqual(['', Number.POSITIVE_INFINITY])
  })

  it('is that a first connection takes longer than a second, and then that it is there', () => {
    comes({ name: 'connecting' })
    passes(999)
    expect(words()).toBe('')
    passes(1)
    expect(words()).toBe('Connecting… [Try now]')
    comes({ name: 'connected' })
    expect(words()).toBe('Connected')
    passes(2000)
    expect(words()).toBe('')
  })

  it('is that a first connection does not come about, never that one was lost', () => {
    comes({ name: 'connecting', reason: undefined, attempt: undefined })
    passes(1500)
    comes({ name: 'connecting', retryAt: now + 3000 })
    expect(words()).toBe('Connecting… [Try now]')
    passes(1000)
    expect(words()).toBe('Connecting… Trying again in 2 s [Try now]')
    passes(2000)
    comes({ name: 'connecting' })
    expect(words()).toBe('Connecting… [Try now]')
    comes({ name: 'connecting', retryAt: now + 5000 })
    passes(1000)
    notices.press(state)
    comes({ name: 'connecting' })
    expect([words(), notice?.isSpoken]).toEqual(['Connecting… Trying again… [Try now]', true])
    comes({ name: 'connected' })
    expect(words()).toBe('Connected')
  })

  it('is a lost connection with the seconds left, one after the other, and the attempt', () => {
    comes({ name: 'connected' })
    comes({ name: 'reconnecting', retryAt: now + 4500 })
    passes(1000)
    expect(words()).toBe('Connection lost. Trying again in 4 s [Try now]')
    const seen = [words()]
    for (let ms = 0; ms < 3600; ms += 100) {
      passes(100)
      if (words() !== seen.at(-1)) seen.push(words())
    }
    expect(seen.map((text) => text.slice('Connection lost. '.length))).toEqual([
      'Trying again in 4 s [Try now]',
      'Trying again in 3 s [Try now]',
      'Trying again in 2 s [Try now]',
      'Trying again in 1 s [Try now]',
      'Trying to reconnect… [Try now]',
    ])
  })

  it.each([1, 400, 999, 1000, 1001, 1999, 2000])(
    'never says less than a second, %i ms before an attempt',
    (left) => {
      comes({ name: 'reconnecting', retryAt: now + 1000 + left })
      passes(1000)
      expect(words()).toBe(`Connection lost. Trying again in ${Math.ceil(left / 1000)} s [Try now]`)
    },
  )

  it('is that there is no network, without the attempts that are made all the same', () => {
    comes({ name: 'offline', retryAt: now + 3000 })
    passes(1000)
    expect(words()).toBe('You are offline [Try now]')
    comes({ name: 'offline' })
    expect(words()).toBe('You are offline [Try now]')
  })

  it('is why updates may be slow, and that they no longer are', () => {
    comes({ name: 'degraded', reason: 'No connection by WebSocket' })
    passes(1000)
    expect(words()).toBe('Updates may be slow: No connection by WebSocket [Check for updates]')
    comes({ name: 'connected' })
    expect(words()).toBe('Updates are fast again')
  })

  it('is why the client stays away, at once, and nothing for who closed it', () => {
    const { code } = CODES['authentication-failed']
    comes({ name: 'connected' })
    comes({ name: 'closed', code, reason: 'The token was not accepted' })
    expect(words()).toBe('Disconnected: The token was not accepted [Connect again]')
    comes({ name: 'closed', code: 1000 })
    expect(words()).toBe('')
    comes({ name: 'closed', code, reason: '' })
    expect(words()).toBe('Disconnected [Connect again]')
  })

  it('is that all is well again for two seconds, if anything else was said', () => {
    comes({ name: 'reconnecting', retryAt: now + 5000 })
    passes(1000)
    comes({ name: 'connected' })
    expect(words()).toBe('Connected again')
    passes(1999)
    expect(words()).toBe('Connected again')
    passes(1)
    expect([words(), again]).toEqual(['', Number.POSITIVE_INFINITY])
  })
})

describe('no flicker', () => {
  it('says nothing of troubles shorter than a second, however many', () => {
    comes({ name: 'connected' })
    for (let n = 0; n < 5; n++) {
      comes({ name: 'reconnecting', retryAt: now + 300 })
      passes(300)
      comes({ name: 'reconnecting' })
      passes(600)
      comes({ name: 'connected' })
      expect(words()).toBe('')
      passes(200)
    }
  })

  it('counts a second from the loss, not from the last attempt', () => {
    comes({ name: 'connected' })
    comes({ name: 'reconnecting', retryAt: now + 400 })
    passes(400)
    comes({ name: 'reconnecting' })
    passes(300)
    comes({ name: 'reconnecting', retryAt: now + 2000 })
    passes(299)
    expect(words()).toBe('')
    passes(1)
    expect(words()).toContain('Connection lost.')
  })

  it('shows at once what began a while ago, to a banner that comes late', () => {
    state = { name: 'degraded', since: now - 60_000, reason: 'why' }
    look()
    expect(words()).toContain('Updates may be slow')
  })

  it('does not wait for ever when the clock is set back', () => {
    state = { name: 'degraded', since: now + 3_600_000, reason: 'why' }
    look()
    passes(DELAY)
    expect(words()).toContain('Updates may be slow')
  })

  it('keeps saying that updates are slow while the client moves to a better transport', () => {
    comes({ name: 'degraded', reason: 'No connection by WebSocket' })
    passes(5000)
    const before = words()
    comes({ name: 'reconnecting', reason: 'Moving to a better transport', retryAt: now })
    passes(200)
    expect(words()).toBe(before)
    comes({ name: 'connected' })
    expect(words()).toBe('Updates are fast again')
  })

  it('says that the connection is lost when moving takes long, and that updates are slow as soon as that is all', () => {
    comes({ name: 'degraded', reason: 'why' })
    passes(5000)
    comes({ name: 'reconnecting', retryAt: now + 9000 })
    passes(1000)
    expect(words()).toContain('Connection lost.')
    comes({ name: 'degraded', reason: 'why' })
    expect(words()).toBe('Updates may be slow: why [Check for updates]')
  })

  it('lets the good news stay while a new trouble is young, and not longer', () => {
    comes({ name: 'reconnecting' })
    passes(1000)
    comes({ name: 'connected' })
    passes(500)
    comes({ name: 'reconnecting' })
    passes(999)
    expect(words()).toBe('Connected again')
    passes(1)
    expect(words()).toContain('Connection lost.')
    comes({ name: 'connected' })
    passes(1900)
    comes({ name: 'reconnecting' })
    passes(100)
    expect(words()).toBe('')
  })

  it('shows an attempt that fails within a blink long enough to be read', () => {
    comes({ name: 'reconnecting', retryAt: now + 1500 })
    passes(1500)
    comes({ name: 'reconnecting' })
    passes(5)
    comes({ name: 'reconnecting', retryAt: now + 3000 })
    passes(690)
    expect(words()).toContain('Trying to reconnect…')
    passes(10)
    expect(words()).toContain('Trying again in 3 s')
  })
})

describe('what a person asked for', () => {
  const press = (): void => notices.press(state)

  it('is read out, unlike what comes by itself', () => {
    comes({ name: 'reconnecting', retryAt: now + 9000 })
    passes(2000)
    expect(notice).toMatchObject({ note: 'countdown' })
    expect(notice?.isSpoken).toBeFalsy()
    press()
    comes({ name: 'reconnecting' })
    expect(notice).toMatchObject({ note: 'trying', isSpoken: true })
    passes(800)
    comes({ name: 'reconnecting', retryAt: now + 2000 })
    expect(notice?.isSpoken).toBeFalsy()
    passes(2000)
    comes({ name: 'reconnecting' })
    expect(notice).toMatchObject({ note: 'trying', isSpoken: false })
  })

  it('is an attempt also without a network', () => {
    comes({ name: 'offline', retryAt: now + 9000 })
    passes(1000)
    press()
    comes({ name: 'offline' })
    expect(words()).toBe('You are offline Trying to reconnect… [Try now]')
    comes({ name: 'offline', retryAt: now + 9000 })
    passes(700)
    expect(words()).toBe('You are offline [Try now]')
  })

  it('is whether there are updates, until the server has answered, and a word that it has', () => {
    comes({ name: 'degraded', reason: 'why' })
    passes(1000)
    press()
    look()
    passes(3000)
    expect(words()).toBe('Updates may be slow: why Checking… [Check for updates]')
    comes({ name: 'degraded', reason: 'why' })
    expect(notice).toMatchObject({ note: 'checked', isSpoken: true })
    passes(2000)
    expect(words()).toBe('Updates may be slow: why [Check for updates]')
    comes({ name: 'degraded', reason: 'why' })
    expect(words()).toBe('Updates may be slow: why [Check for updates]')
  })

  it('is forgotten with the trouble: a check has nothing to do with the next one', () => {
    comes({ name: 'degraded', reason: 'why' })
    passes(1000)
    press()
    comes({ name: 'connected' })
    passes(3000)
    comes({ name: 'degraded', reason: 'why' })
    passes(1000)
    expect(words()).toBe('Updates may be slow: why [Check for updates]')
    comes({ name: 'reconnecting', retryAt: now + 9000 })
    passes(1000)
    press()
    comes({ name: 'reconnecting' })
    comes({ name: 'degraded', reason: 'why' })
    expect(words()).toBe('Updates may be slow: why [Check for updates]')
  })
})
