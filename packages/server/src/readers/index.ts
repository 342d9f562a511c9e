export { errorAnswer, JSON_TYPE, type ReaderAnswer } from './error-answer.js'
export type { ReaderStream } from './event-reader.js'
export { type Asked, readEventsRequest, readPageRequest } from './reader-request.js'
export { type OpenReader, Readers, type ReadersParts } from './readers.js'
