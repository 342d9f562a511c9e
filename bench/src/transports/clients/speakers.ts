/** What each server's clients say and hear, whatever carries it. */
import type { Message } from '../../common/messages.js'
import type { Peer } from '../contestants.js'

export interface SpeakerEars {
  /** It is subscribed to everything it wants. */
  ready(): void
  message(channel: string, message: Message): void
  /** Something is missing, and was told to be. */
  gap(channel: string): void
  say(frame: string): void
}

/** One client's part of the conversation. */
export interface Speaker {
  /** What is said first. */
  readonly hello: string | undefined
  /** Throws when the server refuses something. */
  hear(frame: string): void
}

/** `polls`: whether it is carried by polling. */
export type MakeSpeaker = (channels: readonly string[], ears: SpeakerEars, polls?: boolean) => Speaker

interface MillraceMessage {
  readonly id?: number
  readonly ping?: object
  readonly publication?: { readonly channel: string; readonly data: Message }
  readonly subscribed?: object
  readonly gap?: { readonly channel: string }
  readonly error?: object
}

/** JSON dialect; sections 3 to 7 of docs/protocol.md. Commands have the ids from 1 on, `connect` first. */
const millrace: MakeSpeaker = (channels, ears, polls) => {
  let [subscribed, asked] = [0, channels.length + 1]
  const hearOne = (message: MillraceMessage): void => {
    if (message.publication !== undefined) ears.message(message.publication.channel, message.publication.data)
    else if (message.ping !== undefined)
      ears.say(polls ? `[{"pong":{}},{"id":${++asked},"ping":{}}]` : '{"pong":{}}')
    else if (message.subscribed !== undefined && ++subscribed === channels.length) ears.ready()
    else if (message.gap !== undefined) ears.gap(message.gap.channel)
    else if (message.error !== undefined) throw new Error(`The server said ${JSON.stringify(message)}`)
  }
  const commands = [
    { id: 1, connect: { version: 1 } },
    ...channels.map((channel, index) => ({ id: index + 2, subscribe: { channel } })),
  ]
  return {
    hello: JSON.stringify(commands),
    hear(frame) {
      const said = JSON.parse(frame) as MillraceMessage | MillraceMessage[]
      if (Array.isArray(said)) said.forEach(hearOne)
      else hearOne(said)
    },
  }
}

/** Socket.IO 5 in Engine.IO 4: `0{…}` opens, `40` connects the namespace, `2`/`3` are ping and pong, `42[…]` is an event. */
const socketIo: MakeSpeaker = (channels, ears) => {
  const join = `40${JSON.stringify({ channels })}`
  return {
    hello: undefined,
    hear(frame) {
      const kind = frame.startsWith('4') ? frame.slice(0, 2) : frame.slice(0, 1)
      switch (kind) {
        case '0':
          return ears.say(join)
        case '2':
          return ears.say('3')
        case '40':
          return ears.ready()
        case '42': {
          const [channel, message] = JSON.parse(frame.slice(2)) as [string, Message]
          return ears.message(channel, message)
        }
        // No operation: an answer to a poll that was asked twice.
        case '6':
          return undefined
        default:
          throw new Error(`The server said ${frame}`)
      }
    },
  }
}

export const SPEAKERS: { readonly [P in Peer]: MakeSpeaker } = { millrace, 'socket.io': socketIo }
