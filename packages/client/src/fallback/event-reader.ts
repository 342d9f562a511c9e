/** One event of a stream in the format of EventSource (WHATWG HTML §9.2.6). */
export interface StreamEvent {
  readonly kind: string
  readonly id: string
  readonly data: string
}

interface Fields {
  event?: string
  id?: string
  data?: string
}

/** Reads events from text that comes in pieces. Returns a function that takes the next piece. An event that is cut off is none. */
export function eventReader(tell: (event: StreamEvent) => void): (piece: string) => void {
  let rest = ''
  let fields: Fields = {}
  const read = (line: string): void => {
    if (line === '') {
      const { event = 'message', id = '', data } = fields
      fields = {}
      if (data !== undefined) tell({ kind: event, id, data })
      return
    }
    const [, name, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? []
    if (name === 'data') fields.data = fields.data === undefined ? value : `${fields.data}\n${value}`
    else if (name === 'event' || name === 'id') fields[name] = value
  }
  return (piece) => {
    const lines = (rest + piece).split('\n')
    rest = lines.pop() ?? ''
    // Somebody on the way may end lines as other systems do.
    for (const line of lines) read(line.endsWith('\r') ? line.slice(0, -1) : line)
  }
}
