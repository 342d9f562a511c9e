import { type BannerElement, defineBanner } from '@millrace/client/banner'
import { Button, LinkStatus } from '@millrace/ui'
import type { JSX, TargetedPointerEvent } from 'preact'
import type { Pointer, Turn, Wheel } from './wheel.js'

declare module 'preact' {
  namespace JSX {
    interface IntrinsicElements {
      'millrace-banner': Partial<Pick<BannerElement, 'client'>> & { class?: string }
    }
  }
}

defineBanner()

/** The live demonstration: a wheel that everybody who has this page open turns together. */
export function Stage({ wheel }: { readonly wheel: Wheel }): JSX.Element {
  const onPointerMove = (event: TargetedPointerEvent<HTMLElement>): void => {
    const box = event.currentTarget.getBoundingClientRect()
    const share = (at: number, from: number, size: number): number =>
      Math.min(Math.max(Math.round(((at - from) / size) * 1000), 0), 1000)
    wheel.point(share(event.clientX, box.left, box.width), share(event.clientY, box.top, box.height))
  }
  return (
    <section class="demo" aria-labelledby="demo-title" onPointerMove={onPointerMove}>
      <div class="demo__head">
        <h2 id="demo-title" class="demo__title">
          Live, on this page
        </h2>
        <LinkStatus state={wheel.state.value} />
      </div>
      <millrace-banner class="connection-notice" client={wheel.client} />
      <MillWheel turns={wheel.seen.value} />
      <div class="demo__foot">
        <Button look="primary" onClick={() => wheel.push()}>
          Turn the wheel
        </Button>
        <p class="demo__news" aria-live="polite">
          <strong>{newsOf(wheel.turn.value)}</strong>
          <span>{hereInWords(wheel.here.value)}</span>
        </p>
      </div>
      {wheel.pointers.value.map((pointer) => (
        <OtherPointer key={pointer.session} pointer={pointer} />
      ))}
    </section>
  )
}

function newsOf(turn: Turn | undefined): string {
  if (turn === undefined) return 'Nobody has turned it yet'
  const { offset, took } = turn
  if (took === undefined) return `Turn ${offset.toLocaleString()} has come`
  return `Turn ${offset.toLocaleString()} came back in ${Math.max(Math.round(took), 1)} ms`
}

function hereInWords(here: number): string {
  if (here === 0) return 'Looking who is here'
  if (here === 1) return 'Open this page in a second window, too'
  return `${here} windows turn it together`
}

/** The paddles of the wheel, one for each twelfth; a turn moves it on by one. */
const PADDLES = Array.from({ length: 12 }, (_, n) => n * 30)
const SPOKES = PADDLES.filter((angle) => angle % 60 === 0)
const PADDLE = 'M200 84V54'

function MillWheel({ turns }: { readonly turns: number }): JSX.Element {
  return (
    <svg
      class="mill"
      viewBox="0 0 400 250"
      preserveAspectRatio="xMidYMax slice"
      aria-hidden="true"
      focusable="false"
    >
      <path class="mill__ground" d="M0 52h118v198H0Z" />
      <path class="mill__race" d="M0 40h158c14 0 24 2 32 7" />
      <path class="mill__gate" d="M104 12v24" />
      <g class="mill__wheel" style={{ transform: `rotate(${turns * 30}deg)` }}>
        <circle class="mill__rim" cx="200" cy="134" r="62" />
        <circle class="mill__rim mill__rim--inner" cx="200" cy="134" r="48" />
        {SPOKES.map((angle) => (
          <path key={angle} class="mill__spoke" d="M200 122V86" transform={`rotate(${angle} 200 134)`} />
        ))}
        {PADDLES.map((angle) => (
          <path
            key={angle}
            class={`mill__paddle${angle === 0 ? ' mill__paddle--marked' : ''}`}
            d={PADDLE}
            transform={`rotate(${angle} 200 134)`}
          />
        ))}
        <circle class="mill__hub" cx="200" cy="134" r="13" />
      </g>
      <path
        class="mill__water"
        d="M0 204c25-12 50-12 75 0s50 12 75 0 50-12 75 0 50 12 75 0 50-12 75 0c8 4 17 7 25 8v38H0v-46Z"
      />
      <path
        class="mill__water mill__water--front"
        d="M0 220c25-10 50-10 75 0s50 10 75 0 50-10 75 0 50 10 75 0 50-10 75 0c8 3 17 6 25 7v23H0v-30Z"
      />
    </svg>
  )
}

const OtherPointer = ({ pointer: { x, y } }: { readonly pointer: Pointer }): JSX.Element => (
  <span class="pointer" aria-hidden="true" style={{ left: `${x / 10}%`, top: `${y / 10}%` }}>
    {/* biome-ignore lint/a11y/noSvgWithoutTitle: the shape of another's pointer says nothing that is not in the words */}
    <svg width="20" height="20" viewBox="0 0 20 20" focusable="false">
      <path d="m3 2 6 15 2-6 6-2L3 2Z" />
    </svg>
  </span>
)
