import type { JSX } from 'preact'
import type { Slug } from './catalogue.js'

/** The products, drawn with a few shapes in the shop's own tones, so that they follow light and dark. */
const DRAWINGS: Readonly<Record<Slug, JSX.Element>> = {
  'stoneware-mug': (
    <>
      <path class="ink-line" d="M150 96c24-4 40 8 40 28s-18 33-44 30" />
      <path class="clay" d="M58 78h94l-7 92c-1 10-8 16-18 16H83c-10 0-17-6-18-16L58 78Z" />
      <path class="clay-deep" d="M63 144h85l-2 26c-1 10-8 16-18 16H83c-10 0-17-6-18-16l-2-26Z" />
      <ellipse class="clay-light" cx="105" cy="78" rx="47" ry="11" />
      <ellipse class="coffee" cx="105" cy="80" rx="39" ry="8" />
      <path class="steam" d="M90 58c-8-10 8-16 0-28m28 28c-8-10 8-16 0-28" />
    </>
  ),
  'pour-over-kettle': (
    <>
      <path class="steel-deep" d="M66 128c-26 2-28-30-46-42l-4 7c14 12 12 54 50 58v-23Z" />
      <path class="wood-line" d="M152 92c40-8 46 66 6 70" />
      <path class="steel" d="M68 92h88l14 82c1 8-4 12-12 12H66c-8 0-13-4-12-12l14-82Z" />
      <path class="steel-deep" d="M59 146h106l5 28c1 8-4 12-12 12H66c-8 0-13-4-12-12l5-28Z" />
      <path class="steel-light" d="M68 92c4-22 24-32 44-32s40 10 44 32H68Z" />
      <circle class="wood" cx="112" cy="53" r="9" />
    </>
  ),
  'serving-bowl': (
    <>
      <path class="leaf" d="M76 96c-6-26 18-42 40-46-2 26-12 44-40 46Z" />
      <path class="leaf-deep" d="M110 98c4-30 30-44 52-44-2 28-22 46-52 44Z" />
      <path class="clay-light" d="M22 98h172c0 52-40 84-86 84S22 150 22 98Z" />
      <path class="clay-pale" d="M38 142c16 26 42 40 70 40s54-14 70-40c-42 14-98 14-140 0Z" />
      <ellipse class="clay-deep" cx="108" cy="98" rx="86" ry="9" />
      <path class="leaf" d="M62 100c14-20 34-20 46 0H62Z" />
      <path class="speckle" d="M60 126h.1M92 134h.1m36-10h.1m24 16h.1m-50 16h.1m-28-6h.1m60 4h.1" />
    </>
  ),
  'table-lamp': (
    <>
      <ellipse class="glow" cx="108" cy="120" rx="92" ry="70" />
      <path class="wood" d="M101 112h14l7 62h-28l7-62Z" />
      <ellipse class="wood-deep" cx="108" cy="178" rx="40" ry="9" />
      <path class="linen" d="M78 34h60l28 80c-34 10-82 10-116 0l28-80Z" />
      <path class="linen-deep" d="M56 98c32 9 72 9 104 0l6 16c-34 10-82 10-116 0l6-16Z" />
      <path class="ink-line thin" d="M144 178c22 4 36-2 50 8" />
    </>
  ),
  'bread-board': (
    <>
      <rect class="wood-deep" x="30" y="66" width="160" height="112" rx="14" transform="rotate(-8 110 122)" />
      <rect class="wood" x="30" y="60" width="160" height="112" rx="14" transform="rotate(-8 110 116)" />
      <path class="grain" d="m42 92 128-18M44 112l130-19M48 132l128-18M54 150l98-14" />
      <circle class="hole" cx="167" cy="82" r="7" />
      <path class="crust" d="M74 100c8-22 58-30 74-8 9 13 2 26-6 28l-54 9c-12 2-20-12-14-29Z" />
      <path class="crust-light" d="m92 96 8 12m10-17 8 12m10-15 7 11" />
    </>
  ),
  'water-carafe': (
    <>
      <path
        class="glass"
        d="M88 56h40v34c0 14 32 26 32 62 0 24-12 34-26 34H82c-14 0-26-10-26-34 0-36 32-48 32-62V56Z"
      />
      <path
        class="water"
        d="M60 138c14-8 28 6 48 0s34-8 48 0c3 8 4 8 4 14 0 24-12 34-26 34H82c-14 0-26-10-26-34 0-6 1-8 4-14Z"
      />
      <rect class="wood" x="91" y="34" width="34" height="30" rx="6" />
      <path class="shine" d="M76 150c0 12 4 20 10 22" />
    </>
  ),
}

export function Drawing({
  product,
  label,
}: {
  readonly product: Slug
  readonly label?: string
}): JSX.Element {
  const named =
    label === undefined ? { 'aria-hidden': 'true' as const } : { role: 'img' as const, 'aria-label': label }
  return (
    // biome-ignore lint/a11y/noSvgWithoutTitle: it is hidden, or named by its label; a title would pop up as a hint
    <svg class="drawing" viewBox="0 0 216 216" {...named}>
      <ellipse class="ground" cx="108" cy="188" rx="80" ry="9" />
      {DRAWINGS[product]}
    </svg>
  )
}
