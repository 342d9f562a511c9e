import { type ReadonlySignal, signal } from '@preact/signals'

/** What these components need of a client's state; the client's own states fit. */
export interface LinkState {
  readonly name: 'connecting' | 'connected' | 'degraded' | 'reconnecting' | 'offline' | 'closed'
  readonly retryAt?: number | undefined
  readonly reason?: string | undefined
  /** Of the table of codes; absent on a client that was closed by the page, or not used yet. */
  readonly code?: number | undefined
}

type NoticeIcon = 'check' | 'refresh' | 'cloudOff' | 'alert'

/** What the banner has to say, if anything. */
export type Notice =
  | { readonly mood: 'good'; readonly icon: NoticeIcon; readonly text: string }
  | {
      readonly mood: 'busy' | 'bad'
      readonly icon: NoticeIcon
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
