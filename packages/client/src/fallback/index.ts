export { Chooser, type ChooserPorts } from './chooser.js'
export type { Answer, RequestKind, RequestPorts } from './ports.js'
export { RequestLink } from './request-link.js'
