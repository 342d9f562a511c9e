import { type BannerElement, type BannerTexts, defineBanner } from '@millrace/client/banner'
import type { JSX } from 'preact'
import type { Link } from './link.js'

declare module 'preact' {
  namespace JSX {
    interface IntrinsicElements {
      'millrace-banner': Partial<Pick<BannerElement, 'client' | 'texts'>> & { class?: string }
    }
  }
}

defineBanner()

/** Without a network there is nothing to wait for soon: what counts is that one may write on. */
const TEXTS: Partial<BannerTexts> = { offline: 'You’re offline. What you write is kept.' }

/** How the connection is, when that is worth saying. */
export const ConnectionNotice = ({ link }: { readonly link: Link }): JSX.Element => (
  <millrace-banner class="connection-notice" client={link.client} texts={TEXTS} />
)
