/** The format of EventSource, as Millrace writes it (docs/protocol.md, [P8.2]): fields of one line each, ended by `\n`. */

export interface StreamEvent {
  /** Empty where the event has no name. */
  readonly name: string
  /** 0 where it has no number. */
  readonly id: number
  readonly data: string
}

const END = '\n\n'

/** Tells events out of text that comes in pieces. */
export function eventReader(tell: (event: StreamEvent) => void): (piece: string) => void {
  let rest = ''
  return (piece) => {
    rest += piece
    let from = 0
    for (let end = rest.indexOf(END); end >= 0; end = rest.indexOf(END, from)) {
      tell(eventOf(rest.slice(from, end)))
      from = end + END.length
    }
    rest = rest.slice(from)
  }
}

function eventOf(text: string): StreamEvent {
  const event = { name: '', id: 0, data: '' }
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':')
    const value = line.slice(colon + 1)
    const field = line.slice(0, colon)
    if (field === 'data') event.data = value
    else if (field === 'id') event.id = Number(value)
    else if (field === 'event') event.name = value
  }
  return event
}
