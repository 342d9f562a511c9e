import { type ReadonlySignal, signal } from '@preact/signals'
import type { JSX } from 'preact'
import { Button } from './button.js'
import { eachSecond } from './clock.js'
import { Icon, type IconName } from './icons.js'

/** What these components need of a client's state; the client's own states fit. */
export interface LinkState {
  readonly name: 'connecting' | 'connected' | 'degraded' | 'reconnecting' | 'offline' | 'closed'
  readonly retryAt?: number | undefined
  readonly reason?: string | undefined
  /** Of the table of codes; absent on a client that was closed by the page, or not used yet. */
  readonly code?: number | undefined
}

type Mood = 'good' | 'busy' | 'bad'
const WORDS = {
  connecting: ['busy', 'Connecting'],
  connected: ['good', 'Connected'],
  degraded: ['busy', 'Slow connection'],
  reconnecting: ['busy', 'Reconnecting'],
  offline: ['bad', 'Offline'],
  closed: ['bad', 'Disconnected'],
} as const satisfies Record<LinkState['name'], readonly [Mood, string]>

/** A dot and a word. */
export function LinkStatus({ state }: { readonly state: LinkState }): JSX.Element {
  const [mood, words] = WORDS[state.name]
  return (
    <span class={`link link--${mood}`}>
      <span class="link__dot" aria-hidden="true" />
      {words}
    </span>
  )
}

/** What the banner has to say, if anything. */
type Notice =
  | { readonly mood: 'good'; readonly icon: IconName; readonly text: string }
  | {
      readonly mood: 'busy' | 'bad'
      readonly icon: IconName
      readonly text: string
      readonly retryAt?: number | undefined
    }

/** How long a first connection may take before it is worth a word, and how long the good news stays. */
const PATIENCE = 1_500
const GOOD_NEWS = 2_500

/** Follows a client's states and decides what is worth telling: short hiccups are not, coming back is. */
export function linkNotices(states: {
  readonly current: () => LinkState
  readonly subscribe: (listener: (state: LinkState) => void) => void
}): ReadonlySignal<Notice | undefined> {
  const notice = signal<Notice | undefined>(undefined)
  let timer: ReturnType<typeof setTimeout> | undefined
  const later = (milliseconds: number, next: Notice | undefined): void => {
    timer = setTimeout(() => {
      notice.value = next
    }, milliseconds)
  }
  const follow = (state: LinkState): void => {
    clearTimeout(timer)
    if (state.name === 'connected' || state.name === 'degraded') {
      const wasTold = notice.value !== undefined
      notice.value = wasTold ? { mood: 'good', icon: 'check', text: 'Back online' } : undefined
      if (wasTold) later(GOOD_NEWS, undefined)
    } else if (state.name === 'connecting') {
      later(PATIENCE, { mood: 'busy', icon: 'refresh', text: 'Connecting…' })
    } else {
      notice.value = noticeOf(state)
    }
  }
  states.subscribe(follow)
  follow(states.current())
  return notice
}

function noticeOf({ name, retryAt, code, reason }: LinkState): Notice | undefined {
  if (name === 'reconnecting') return { mood: 'busy', icon: 'refresh', text: 'Connection lost', retryAt }
  if (name === 'offline') return { mood: 'bad', icon: 'cloudOff', text: 'You’re offline' }
  if (code === undefined) return undefined
  return {
    mood: 'bad',
    icon: 'alert',
    text: `Disconnected: ${reason ?? 'the server closed the connection'}`,
  }
}

interface BannerProps {
  readonly notice: Notice | undefined
  readonly onRetry: () => void
  /** What happens to what the person does meanwhile. */
  readonly meanwhile?: string
}

/** The banner itself. Its place is laid over the content by the page, so that nothing jumps when it comes. */
export function ConnectionBanner({ notice, onRetry, meanwhile }: BannerProps): JSX.Element {
  return (
    <div role="status" aria-live="polite" class="banner-place">
      {notice && (
        <div class={`banner banner--${notice.mood}`}>
          <span class="banner__icon">
            <Icon name={notice.icon} />
          </span>
          <span class="banner__words">
            <strong class="banner__text">{notice.text}</strong>
            {notice.mood !== 'good' && (
              <span class="banner__more">
                {notice.mood === 'busy' && <Retrying at={notice.retryAt} />} {meanwhile}
              </span>
            )}
          </span>
          {notice.mood !== 'good' && (
            <Button small onClick={onRetry}>
              Try now
            </Button>
          )}
        </div>
      )}
    </div>
  )
}

/** The countdown is for eyes; a screen reader that spoke every second would be no help. */
function Retrying({ at }: { readonly at: number | undefined }): JSX.Element | null {
  const seconds = at === undefined ? 0 : Math.ceil((at - eachSecond.value) / 1_000)
  if (seconds <= 0) return <span aria-hidden="true">Trying now.</span>
  return <span aria-hidden="true" class="banner__count">{`Next try in ${seconds} s.`}</span>
}
