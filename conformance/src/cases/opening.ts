import type {
  ExtensionExpectation,
  RequestOpening,
  RequestSpec,
  ResponseOpening,
  ResponseSpec,
} from '../model.js'

/** Openings in short form. */

interface Accepted {
  readonly protocol?: string
  readonly extension?: ExtensionExpectation
}

export function accepted(request: RequestSpec, wanted: Accepted = {}): RequestOpening {
  return { kind: 'request', request, answer: { accepted: true, ...wanted } }
}

export function refused(
  request: RequestSpec,
  statuses = REFUSALS,
  header?: readonly [string, string],
): RequestOpening {
  const answer = { accepted: false as const, statuses, ...(header === undefined ? {} : { header }) }
  return { kind: 'request', request, answer }
}

export function opens(response: ResponseSpec, protocol?: string): ResponseOpening {
  return { kind: 'response', response, client: 'opens', ...(protocol === undefined ? {} : { protocol }) }
}

export function failsToOpen(response: ResponseSpec): ResponseOpening {
  return { kind: 'response', response, client: 'fails' }
}

/** RFC 6455 §4.2.1 asks for "an appropriate HTTP error code (such as 400 Bad Request)": any error will do. */
export const REFUSALS: readonly number[] = [400, 401, 403, 404, 405, 411, 414, 421, 426, 431, 501, 503, 505]
