import { Button } from '@millrace/ui'
import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { announce } from '../../chat/announce.js'
import { Composer } from '../../chat/Composer.js'
import { Timeline } from '../../chat/Timeline.js'
import { NO_RECEIPT } from '../../domain/mark.js'
import { placeInWords } from '../../domain/spans.js'
import type { TicketView } from '../../domain/ticket.js'
import type { CustomerSupport } from './support.js'

interface Props {
  readonly support: CustomerSupport
  /** The customer wants another conversation after a closed one. */
  readonly onAnew: () => void
}

export function ConversationView({ support, onAnew }: Props): JSX.Element {
  const text = useSignal('')
  const ticket = support.ticket.value
  const room = support.room.value
  const agent = ticket?.agent
  const unsent = support.sender.outbox.value
  useStatusAnnounced(ticket)
  return (
    <>
      {ticket?.status === 'waiting' && <InQueue ticket={ticket} />}
      <Timeline
        key={ticket?.id ?? 'new'}
        room={room}
        side="customer"
        label="Conversation with support"
        outbox={unsent}
        other={ticket?.receipts.agent ?? NO_RECEIPT}
        typing={room?.typing.value && ticket?.status === 'active' ? agent?.name : undefined}
        nameOf={(author) => (author === agent?.id ? agent.name : 'Support')}
        onRetry={({ id }) => support.retry(id)}
        onDiscard={({ id }) => support.sender.discard(id)}
        onSeen={() => support.seen()}
      />
      {ticket?.status === 'closed' && unsent.length === 0 ? (
        <div class="panel__closed">
          <p>This conversation is closed. Thank you for writing to us.</p>
          <Button look="primary" onClick={onAnew}>
            Start a new one
          </Button>
        </div>
      ) : ticket?.muted ? (
        <div class="panel__closed">
          <p>{MUTED}. What is written to you still arrives here.</p>
          <EndButton support={support} />
        </div>
      ) : (
        <Composer
          label="Message to support"
          placeholder="Write a message…"
          text={text.value}
          onText={(next) => (text.value = next)}
          onSend={(message) => support.send(message)}
          onTyping={(typing) => room?.type(typing)}
          tools={<EndButton support={support} />}
        />
      )}
    </>
  )
}

const MUTED = 'You can read this conversation, but not write in it for now'

function InQueue({ ticket }: { readonly ticket: TicketView }): JSX.Element {
  return (
    <div class="in-queue">
      <p class="in-queue__place">
        <span class="in-queue__number" aria-hidden="true">
          {ticket.ahead + 1}
        </span>
        <span>
          <strong>You’re number {ticket.ahead + 1} in the queue</strong>
          <span class="in-queue__more">
            {ticket.ahead === 0 ? 'The next free person takes over.' : `${placeInWords(ticket.ahead)}.`} Feel
            free to write more meanwhile.
          </span>
        </span>
      </p>
    </div>
  )
}

/** Ends the conversation, after a second press: one is too easily done by mistake. */
function EndButton({ support }: { readonly support: CustomerSupport }): JSX.Element | null {
  const sure = useSignal(false)
  const status = support.ticket.value?.status
  if (status !== 'waiting' && status !== 'active') return null
  const label = sure.value ? 'End it now' : 'End chat'
  return (
    <Button
      small
      look={sure.value ? 'danger' : 'plain'}
      class="end-button"
      onClick={() => {
        if (!sure.value) {
          sure.value = true
          setTimeout(() => {
            sure.value = false
          }, 4_000)
          return
        }
        support.end().catch(() => announce('That did not work. Please try again'))
      }}
    >
      {label}
    </Button>
  )
}

/** Says the place in the queue and who took over, for who cannot see the head of the panel. */
function useStatusAnnounced(ticket: TicketView | undefined): void {
  const sentence = ticket === undefined ? '' : sentenceFor(ticket)
  useEffect(() => {
    if (sentence !== '') announce(sentence)
  }, [sentence])
}

function sentenceFor(ticket: TicketView): string {
  if (ticket.muted && ticket.status !== 'closed') return MUTED
  switch (ticket.status) {
    case 'waiting':
      return `You’re number ${ticket.ahead + 1} in the queue`
    case 'active':
      return `${ticket.agent?.name ?? 'Somebody'} is with you now`
    case 'closed':
      return 'The conversation is closed'
  }
}
