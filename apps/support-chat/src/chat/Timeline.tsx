import { Avatar, Button, eachHalfMinute, Icon, Spoken } from '@millrace/ui'
import type { JSX } from 'preact'
import { type Block, deliveryOf, rowsOf, type TextEntry } from '../domain/conversation.js'
import type { Receipt } from '../domain/mark.js'
import type { Outbox, Pending } from '../domain/outbox.js'
import { initialsOf } from '../domain/text.js'
import type { Side } from '../domain/ticket.js'
import { NoteLine } from './NoteLine.js'
import type { Room } from './room.js'
import { clockTime, dayInWords, dayOf } from './times.js'
import { useStickToEnd } from './useStickToEnd.js'

export interface TimelineProps {
  readonly room: Room | undefined
  readonly side: Side
  /** What the log is called, for screen readers. */
  readonly label: string
  readonly outbox: Outbox
  /** How far the other side has got. */
  readonly other: Receipt
  /** The other side's name while they type. */
  readonly typing: string | undefined
  readonly nameOf: (author: string) => string
  readonly onRetry: (message: Pending) => void
  readonly onDiscard: (message: Pending) => void
  /** The newest message is in view. */
  readonly onSeen: () => void
  /** Shown while there is no message. */
  readonly empty?: JSX.Element
}

/** The conversation: a log that stays at its end while somebody reads there, and says what comes. */
export function Timeline(props: TimelineProps): JSX.Element {
  const { room, outbox, label } = props
  const conversation = room?.conversation.value ?? { entries: [] }
  const shown = new Set(conversation.entries.map(({ id }) => id))
  const unsent = outbox.filter(({ id }) => !shown.has(id))
  const rows = rowsOf(conversation, dayOf)
  const end = useStickToEnd(conversation.entries.length + unsent.length, props.typing, props.onSeen)
  return (
    <div class="timeline">
      <div
        class="timeline__log"
        role="log"
        aria-label={label}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        ref={end.log}
        onScroll={end.onScroll}
      >
        {room && <OlderMessages room={room} />}
        {rows.length === 0 && unsent.length === 0 && props.empty}
        {rows.map((row) => {
          if (row.kind === 'day') return <Day key={row.key} time={row.time} />
          if (row.kind === 'note') return <NoteLine key={row.key} entry={row.entry} />
          return <Messages key={row.key} block={row.block} props={props} />
        })}
        {unsent.length > 0 && <Unsent messages={unsent} props={props} />}
        <Typing name={props.typing} />
      </div>
      {end.below > 0 && (
        <Button small icon="down" class="timeline__jump" onClick={end.jump}>
          New messages
        </Button>
      )}
    </div>
  )
}

const Day = ({ time }: { readonly time: number }): JSX.Element => (
  <p class="timeline__day">
    <span>{dayInWords(time, eachHalfMinute.value)}</span>
  </p>
)

function OlderMessages({ room }: { readonly room: Room }): JSX.Element | null {
  if (room.older.value === 'none') return null
  return (
    <p class="timeline__older">
      <Button
        small
        look="plain"
        disabled={room.older.value === 'loading'}
        onClick={() => void room.loadOlder()}
      >
        {room.older.value === 'loading' ? 'Loading…' : 'Show earlier messages'}
      </Button>
    </p>
  )
}

function Messages({ block, props }: { readonly block: Block; readonly props: TimelineProps }): JSX.Element {
  const own = block.side === props.side
  const name = props.nameOf(block.author)
  const last = block.texts.at(-1)
  return (
    <div class={`block ${own ? 'block--own' : 'block--other'}`}>
      {!own && <Avatar small id={block.author} initials={initialsOf(name)} />}
      <div class="block__texts">
        {block.texts.map((entry, index) => (
          <p class="bubble" dir="auto" key={entry.id} data-message={entry.id}>
            {index === 0 && <Spoken>{own ? 'You: ' : `${name}: `}</Spoken>}
            {entry.text}
          </p>
        ))}
        {last && <Meta entry={last} name={name} own={own} other={props.other} />}
      </div>
    </div>
  )
}

const DELIVERY = {
  sent: ['check', 'Sent'],
  delivered: ['checks', 'Delivered'],
  read: ['checks', 'Read'],
} as const

interface MetaProps {
  readonly entry: TextEntry
  readonly name: string
  readonly own: boolean
  readonly other: Receipt
}

function Meta({ entry, name, own, other }: MetaProps): JSX.Element {
  const time = <time dateTime={new Date(entry.at.time).toISOString()}>{clockTime(entry.at.time)}</time>
  if (!own) {
    return (
      <p class="meta">
        <span class="meta__name" dir="auto">
          {name}
        </span>
        {time}
      </p>
    )
  }
  const delivery = deliveryOf(entry, other)
  const [icon, words] = DELIVERY[delivery]
  return (
    <p class={`meta meta--${delivery}`}>
      {time}
      <span class="meta__state">
        <Icon name={icon} size={15} />
        {words}
      </span>
    </p>
  )
}

/** What was written here and has not reached the server. */
function Unsent({
  messages,
  props,
}: {
  readonly messages: Outbox
  readonly props: TimelineProps
}): JSX.Element {
  const waits = messages.some(({ refusal }) => refusal === undefined)
  return (
    <div class="block block--own">
      <div class="block__texts">
        {messages.map((message) => (
          <div class="unsent" key={message.id}>
            <p class="bubble bubble--unsent" dir="auto" data-message={message.id}>
              {message.text}
            </p>
            {message.refusal !== undefined && <Refusal message={message} props={props} />}
          </div>
        ))}
        {waits && (
          <p class="meta meta--waiting">
            <span class="meta__state">
              <Icon name="clock" size={14} />
              Waiting to be sent
            </span>
          </p>
        )}
      </div>
    </div>
  )
}

function Refusal({
  message,
  props,
}: {
  readonly message: Pending
  readonly props: TimelineProps
}): JSX.Element {
  return (
    <div class="refusal">
      <p class="field__error">
        <Icon name="alert" size={15} />
        Not sent. {message.refusal}.
      </p>
      <Button small look="plain" onClick={() => props.onRetry(message)}>
        Send again
      </Button>
      <Button small look="plain" onClick={() => props.onDiscard(message)}>
        Discard
      </Button>
    </div>
  )
}

/** Always there, so that nothing moves when somebody starts to type. */
function Typing({ name }: { readonly name: string | undefined }): JSX.Element {
  return (
    <p class={`typing${name === undefined ? '' : ' typing--on'}`} aria-live="off">
      {name !== undefined && (
        <>
          <span class="typing__dots" aria-hidden="true">
            <span />
            <span />
            <span />
          </span>
          <span dir="auto">{name} is typing</span>
        </>
      )}
    </p>
  )
}
