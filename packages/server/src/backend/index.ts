export { Backend, type Read, Unreadable } from './backend.js'
export { Flights } from './flights.js'
export {
  type BackendOptions,
  isOpenToAll,
  type ResolvedBackend,
  resolveBackend,
  wholeNumber,
} from './options.js'
export type { BackendPorts, HmacSha256, Post, PostAnswer, Posting, PostRequest } from './ports.js'
export { readSecrets, type Signable, type SignatureHeaders, signatureHeaders } from './signature.js'
