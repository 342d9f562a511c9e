import { Button, eachHalfMinute, Icon } from '@millrace/ui'
import type { ComponentChildren, JSX } from 'preact'
import { clockTime } from '../chat/times.js'
import { spanOf } from '../domain/spans.js'
import { agentOf, type Ticket } from '../domain/ticket.js'
import type { DeskConversation } from './conversation.js'
import type { Desk } from './model.js'

interface Props {
  readonly desk: Desk
  readonly ticket: Ticket
  readonly conversation: DeskConversation
}

/** What is known of the customer and the conversation. */
export function Details({ desk, ticket, conversation }: Props): JSX.Element {
  const here = desk.isInformed ? conversation.customerHere.value : undefined
  const agent = agentOf(ticket)
  return (
    <aside class="details" aria-label="About this conversation">
      <h2 class="details__title">Customer</h2>
      <dl class="details__list">
        <Detail name="Name">
          <span dir="auto">{ticket.customer.name}</span>
        </Detail>
        <Detail name="On the site">
          <span class={`link ${here ? 'link--good' : ''}`}>
            <span class="link__dot" aria-hidden="true" />
            {desk.isInformed ? (here ? 'Here now' : 'Not here') : 'Not known while disconnected'}
          </span>
        </Detail>
        <Detail name="Looking at">
          {here?.page ? (
            <a href={here.page.path} target="_blank" rel="noopener" class="details__page">
              <span dir="auto">{here.page.title}</span>
            </a>
          ) : (
            <span class="details__none">{desk.isInformed ? 'Nothing' : 'Not known'}</span>
          )}
        </Detail>
        <Writing desk={desk} ticket={ticket} />
      </dl>
      <h2 class="details__title">Conversation</h2>
      <dl class="details__list">
        <Detail name="Opened">{clockTime(ticket.openedAt)}</Detail>
        <Detail name={ticket.status === 'waiting' ? 'Waiting for' : 'Waited'}>
          {waitOf(ticket, eachHalfMinute.value)}
        </Detail>
        <Detail name="Agent">
          {agent ? (
            agent.id === desk.me.id ? (
              'You'
            ) : (
              agent.name
            )
          ) : (
            <span class="details__none">Nobody yet</span>
          )}
        </Detail>
        {ticket.status === 'closed' && (
          <Detail name="Closed">{`${clockTime(ticket.closedAt)} by the ${ticket.closedBy}`}</Detail>
        )}
      </dl>
      <p class="details__hint">
        <Icon name="keyboard" size={18} />
        <span>
          Press <kbd class="kbd">?</kbd> for shortcuts
        </span>
      </p>
    </aside>
  )
}

/** Whether the customer may write here, which a lead can change. */
function Writing({ desk, ticket }: Omit<Props, 'conversation'>): JSX.Element {
  const muted = ticket.muted === true
  return (
    <Detail name="Writing">
      <span class="details__writing">
        {muted ? 'Muted: can only read' : 'Allowed'}
        {ticket.status !== 'closed' && desk.may('desk.mute', { ticket }) && (
          <Button small onClick={() => void desk.mute(ticket.id, !muted)}>
            {muted ? 'Unmute' : 'Mute'}
          </Button>
        )}
      </span>
    </Detail>
  )
}

const Detail = ({ name, children }: { readonly name: string; readonly children: ComponentChildren }) => (
  <div class="details__row">
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
)

/** How long the customer waits, or waited until somebody took over. */
function waitOf(ticket: Ticket, now: number): string {
  const span = waitedUntil(ticket, now) - ticket.openedAt
  return span < 60_000 ? 'less than a minute' : spanOf(span)
}

function waitedUntil(ticket: Ticket, now: number): number {
  switch (ticket.status) {
    case 'waiting':
      return now
    case 'active':
      return ticket.takenAt
    case 'closed':
      return ticket.takenAt ?? ticket.closedAt
  }
}
