export { Chooser, type ChooserPorts } from './chooser.js'
export { Pace } from './pace.js'
export type { Answer, Posted, RequestKind, RequestPorts } from './ports.js'
export { RequestLink } from './request-link.js'
