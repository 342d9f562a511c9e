import { createHash } from 'node:crypto'
import { latin1 } from './bytes.js'

/** The start line and headers of one HTTP/1.1 message, as they came: names keep their case, repeats stay apart. */
export interface HttpHead {
  readonly startLine: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** What followed the blank line. */
  readonly rest: Uint8Array
}

/** Reads a whole head from the front of `data`, or undefined while the blank line has not come. */
export function readHttpHead(data: Uint8Array): HttpHead | undefined {
  const text = latin1(data)
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [startLine = '', ...lines] = text.slice(0, end).split('\r\n')
  const headers = lines.map((line) => {
    const colon = line.indexOf(':')
    // A line without a colon gets a name that no field can have.
    return [line.slice(0, Math.max(0, colon)), line.slice(colon + 1).trim()] as const
  })
  return { startLine, headers, rest: data.subarray(end + 4) }
}

/** Every value of a header, in order. Names are compared without case (RFC 9110 §5.1). */
export function headerValues(head: Pick<HttpHead, 'headers'>, name: string): string[] {
  return head.headers.filter(([key]) => key.toLowerCase() === name.toLowerCase()).map(([, value]) => value)
}

/** The comma-separated elements of a header over all its lines, trimmed. */
export function headerList(head: Pick<HttpHead, 'headers'>, name: string): string[] {
  return headerValues(head, name).flatMap((value) => value.split(',').map((element) => element.trim()))
}

export function writeHttpHead(
  startLine: string,
  headers: readonly (readonly [string, string])[],
): Uint8Array {
  const lines = [startLine, ...headers.map(([name, value]) => `${name}: ${value}`)]
  return new Uint8Array(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'))
}

/** RFC 6455 §4.2.2 item 5.4: the key, the fixed GUID, SHA-1, base64. */
export function acceptFor(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
}

/** How a case changes the well-formed head it starts from. Applied in this order. */
export interface HeaderEdit {
  readonly drop?: readonly string[]
  /** Replaces the value, or adds the header when it is not there. */
  readonly set?: Readonly<Record<string, string>>
  /** Adds lines at the end, repeats included. */
  readonly add?: readonly (readonly [string, string])[]
}

export type Headers = readonly (readonly [string, string])[]

export function editHeaders(headers: Headers, edit: HeaderEdit): Headers {
  const dropped = new Set((edit.drop ?? []).map((name) => name.toLowerCase()))
  const set = new Map(
    Object.entries(edit.set ?? {}).map(([name, value]) => [name.toLowerCase(), [name, value]] as const),
  )
  const kept: (readonly [string, string])[] = []
  for (const [name, value] of headers) {
    const key = name.toLowerCase()
    const replaced = set.get(key)?.[1]
    set.delete(key)
    if (!dropped.has(key)) kept.push([name, replaced ?? value])
  }
  const added = [...set.values()].map(([name = '', value = '']) => [name, value] as const)
  return [...kept, ...added, ...(edit.add ?? [])]
}
