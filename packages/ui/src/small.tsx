import type { ComponentChildren, JSX } from 'preact'

/** The same person has the same tone on every page: chosen by a small hash of the id. */
function toneOf(id: string): number {
  let hash = 0
  for (let n = 0; n < id.length; n++) hash = (hash * 31 + id.charCodeAt(n)) >>> 0
  return hash % 6
}

interface AvatarProps {
  readonly id: string
  readonly initials: string
  readonly small?: boolean
  /** Whether to show a dot, and which. The words belong beside the picture. */
  readonly presence?: 'here' | 'away'
}

export function Avatar({ id, initials, small = false, presence }: AvatarProps): JSX.Element {
  return (
    <span class={`avatar avatar--${toneOf(id)}${small ? ' avatar--small' : ''}`} aria-hidden="true">
      {initials}
      {presence && <span class={`avatar__presence${presence === 'here' ? ' avatar__presence--here' : ''}`} />}
    </span>
  )
}

/** A count with words for who hears it. Nothing at zero. */
export function Badge({ count, words }: { readonly count: number; readonly words: string }) {
  if (count === 0) return null
  return (
    <span class="badge">
      <span aria-hidden="true">{count > 99 ? '99+' : count}</span>
      <span class="hidden-visually">{words}</span>
    </span>
  )
}

export const Kbd = ({ children }: { readonly children: ComponentChildren }): JSX.Element => (
  <kbd class="kbd">{children}</kbd>
)

/** Text for screen readers alone. */
export const Spoken = ({ children }: { readonly children: ComponentChildren }): JSX.Element => (
  <span class="hidden-visually">{children}</span>
)

export const SkipLink = ({ to, children }: { readonly to: string; readonly children: string }) => (
  <a class="skip-link" href={`#${to}`}>
    {children}
  </a>
)
