/** `@millrace/client/banner`: a web component that says how the connection is when that is worth saying. */
import { type BannerElement, bannerClass } from './banner/element.js'

export type { BannerClient, BannerElement } from './banner/element.js'
export type { NoticeKind } from './banner/notices.js'
export type { BannerSituation, BannerText, BannerTexts } from './banner/words.js'

declare global {
  interface HTMLElementTagNameMap {
    'millrace-banner': BannerElement
  }
}

/**
 * Defines the element, `<millrace-banner>` or by another name, which must have a hyphen. Does nothing when the name is defined already,
 * and where there are no elements: on a server. Throws a DOMException for a name that no element can have.
 */
export function defineBanner(name = 'millrace-banner'): void {
  const registry = globalThis.customElements
  if (registry && !registry.get(name)) registry.define(name, bannerClass())
}
