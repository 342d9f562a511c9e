import type { JSX } from 'preact'
import type { GapEntry, Note, NoteEntry } from '../domain/conversation.js'
import { clockTime } from './times.js'

/** A line of the conversation that nobody wrote. */
export function NoteLine({ entry }: { readonly entry: NoteEntry | GapEntry }): JSX.Element {
  if (entry.kind === 'gap') {
    return <p class="note note--gap">Messages from before the interruption may be missing here</p>
  }
  return (
    <p class="note">
      {wordsFor(entry.note)} <time class="note__time">{clockTime(entry.at.time)}</time>
    </p>
  )
}

function wordsFor(note: Note): string {
  switch (note.event) {
    case 'taken':
      return `${note.agent} joined the conversation`
    case 'assigned':
      return `${note.by} handed the conversation to ${note.agent}`
    case 'closed':
      return `${note.name} closed the conversation`
    case 'muted':
      return `${note.by} muted the customer: they can read, but not write`
    case 'unmuted':
      return `${note.by} let the customer write again`
  }
}
