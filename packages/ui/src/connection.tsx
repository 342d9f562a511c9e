import type { JSX } from 'preact'
import { Button } from './button.js'
import { eachSecond } from './clock.js'
import { Icon } from './icons.js'
import type { LinkState, Notice } from './link-notices.js'

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
