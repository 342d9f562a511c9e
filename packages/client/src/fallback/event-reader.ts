/** One event of a stream in the format of EventSource (WHATWG HTML §9.2.6). */
export interface StreamEvent {
  readonly kind: string
  readonly id: string
  readonly data: string
}

/** Reads events from text that comes in pieces. Returns a function that takes the next piece. */
export function eventReader(tell: (event: StreamEvent) => void): (piece: string) => void {
  let rest = ''
  let fields: { [name: string]: string } = {}
  return (piece) => {
    const lines = (rest + piece).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line === '') {
        const { event = 'message', id = '', data } = fields
        fields = {}
        if (data !== undefined) tell({ kind: event, id, data })
        continue
      }
      const colon = line.indexOf(':')
      fields[line.slice(0, colon)] = line.slice(colon + 1).replace(/^ /, '')
    }
  }
}
