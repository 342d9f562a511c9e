import type { ChatMessage } from '../api.js'
import type { Entry } from '../domain/conversation.js'
import { sideOf } from '../names.js'

/** What Millrace says about a publication, as far as a conversation needs it. */
export interface About {
  readonly offset: number
  readonly time: number
  readonly from: { readonly user?: string | undefined } | undefined
}

/**
 * A publication as an entry of the conversation. The server says who published; what nobody published is the server's
 * own, and only that may be a note. Anything else is somebody's forgery, and no entry.
 */
export function entryOf(message: ChatMessage, { offset, time, from }: About): Entry | undefined {
  const at = { offset, time }
  if (message.kind === 'note') {
    return from === undefined ? { kind: 'note', id: message.id, note: message.note, at } : undefined
  }
  const side = sideOf(from?.user)
  if (side === undefined || from?.user === undefined) return undefined
  return { kind: 'text', id: message.id, side, author: from.user, text: message.text, at }
}
