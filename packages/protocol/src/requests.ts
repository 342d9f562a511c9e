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
  /** For how many milliseconds an answer may be held back when there is nothing to tell. */
  readonly wait?: number | undefined
  /** With which close code the client ends the connection. */
  readonly code?: number | undefined
}

export interface RequestBody extends RequestHeader {
  readonly frames: readonly string[]
}

export const writeRequest = ({ frames, ...header }: RequestBody): string =>
  [JSON.stringify(header), ...frames].join('\n')

/** A link's name has fewer characters. */
const NAME_BELOW = 256
/** What numbers may be: from, to. Close codes are those of RFC 6455 §7.4. */
const NUMBERS = {
  seq: [1, Number.MAX_SAFE_INTEGER],
  ack: [0, Number.MAX_SAFE_INTEGER],
  wait: [0, Number.MAX_SAFE_INTEGER],
  code: [1000, 4999],
} as const
const NAMES = Object.keys(NUMBERS) as (keyof typeof NUMBERS)[]
const NO_OBJECT = 'The first line of the body must be a JSON object'

/** Reads a request's body. What is wrong with it is the string returned. A field that is null is absent. [P8.1] */
export function readRequest(text: string): RequestBody | string {
  const [first = '', ...lines] = text.split('\n')
  const header = readHeader(first)
  if (typeof header === 'string') return header
  const { link } = header
  if (link !== undefined && (typeof link !== 'string' || link === '' || link.length >= NAME_BELOW))
    return 'link must be the string that open brought'
  for (const name of NAMES) {
    const value = header[name]
    const [least, most] = NUMBERS[name]
    if (
      value !== undefined &&
      !(Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most)
    )
      return `${name} must be a whole number from ${least} to ${most}`
  }
  return { ...header, frames: lines.filter((line) => line !== '') }
}

/** The fields that are known here; unknown ones are a newer client's. [P3.5] */
function readHeader(line: string): { readonly [name: string]: unknown } | string {
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch {
    return NO_OBJECT
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return NO_OBJECT
  const { link, seq, ack, wait, code } = json as { readonly [name: string]: unknown }
  const or = (value: unknown): unknown => value ?? undefined
  return { link: or(link), seq: or(seq), ack: or(ack), wait: or(wait), code: or(code) }
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
