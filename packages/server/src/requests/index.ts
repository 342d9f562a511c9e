export { type RequestKind, RequestLinks, type RequestLinksParts } from './request-links.js'
export type { EventStream } from './stream-link.js'
