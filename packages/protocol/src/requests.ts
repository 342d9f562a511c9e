/**
 * What the transports of plain requests carry, [P8.*]: bodies of lines up, and events down in the format of EventSource
 * (WHATWG HTML §9.2). Frames are those of the JSON dialect, which have no line breaks.
 */

/** The first line of a request's body. */
export interface RequestHeader {
  /** The connection, as `open` named it. Absent when the request opens one. */
  readonly link?: string | undefined
  /** The number of the first frame in the body. The first frame of a connection has 1. */
  readonly seq?: number | undefined
  /** The number of the last event that came. */
  readonly ack?: number | undefined
  /** With which close code the client ends the connection. */
  readonly code?: number | undefined
}

export interface RequestBody extends RequestHeader {
  readonly frames: readonly string[]
}

export const writeRequest = ({ frames, ...header }: RequestBody): string =>
  [JSON.stringify(header), ...frames].join('\n')

const isNumber = (value: unknown): boolean =>
  value === undefined || (Number.isSafeInteger(value) && (value as number) >= 0)
const isName = (value: unknown): boolean =>
  value === undefined || (typeof value === 'string' && value.length < 256)

/** Reads a request's body. What is wrong with it is the string returned. */
export function readRequest(text: string): RequestBody | string {
  const [first = '', ...frames] = text.split('\n')
  let header: { readonly [key: string]: unknown }
  try {
    header = JSON.parse(first)
  } catch {
    return 'The first line of the body must be a JSON object'
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header))
    return 'The first line of the body must be a JSON object'
  const { link, seq, ack, code } = header
  if (!isName(link)) return 'link must be the string that open brought'
  for (const [name, value] of Object.entries({ seq, ack, code }))
    if (!isNumber(value)) return `${name} must be a whole number of at least 0`
  return { link, seq, ack, code, frames: frames.filter((frame) => frame !== '') } as RequestBody
}

/** An event of the connection's own. */
export interface ConnectionEvents {
  /** The connection is open, by this name. */
  open: { readonly link: string }
  /** The server has closed it. */
  close: { readonly code: number; readonly reason: string }
}

export const writeEvent = <K extends keyof ConnectionEvents>(kind: K, body: ConnectionEvents[K]): string =>
  `event:${kind}\ndata:${JSON.stringify(body)}\n\n`

/** A frame down; numbered where it may have to be sent again. */
export const writeFrame = (frame: string, no?: number): string =>
  no === undefined ? `data:${frame}\n\n` : `id:${no}\ndata:${frame}\n\n`
