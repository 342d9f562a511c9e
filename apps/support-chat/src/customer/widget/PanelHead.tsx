import { Avatar, Button, Icon, LinkStatus } from '@millrace/ui'
import type { JSX } from 'preact'
import { placeInWords } from '../../domain/spans.js'
import { initialsOf } from '../../domain/text.js'
import type { CustomerSupport } from './support.js'

interface Props {
  readonly support: CustomerSupport
  readonly onClose: () => void
}

/** Who is there, and whether they are: the same height whatever it says. */
export function PanelHead({ support, onClose }: Props): JSX.Element {
  const ticket = support.ticket.value
  const agent = ticket?.status === 'waiting' ? undefined : ticket?.agent
  const here = support.agentHere.value && (support.link.value?.isConnected() ?? false)
  return (
    <header class="panel__head">
      {agent ? (
        <Avatar id={agent.id} initials={initialsOf(agent.name)} presence={here ? 'here' : 'away'} />
      ) : (
        <span class="panel__mark">
          <Icon name="chat" />
        </span>
      )}
      <div class="panel__who">
        <h2 id="support-title" class="panel__title" dir="auto">
          {agent?.name ?? 'Support'}
        </h2>
        <p class="panel__status" aria-live="polite">
          {statusOf(support)}
        </p>
      </div>
      <Button look="plain" icon="fold" label="Close the chat" onClick={onClose} />
    </header>
  )
}

function statusOf(support: CustomerSupport): JSX.Element | string {
  const ticket = support.ticket.value
  const link = support.link.value
  if (link && !link.isConnected() && ticket !== undefined) return <LinkStatus state={link.state.value} />
  switch (ticket?.status) {
    case undefined:
      return 'We usually answer within minutes'
    case 'waiting':
      return placeInWords(ticket.ahead)
    case 'active':
      return support.agentHere.value ? 'Here now' : 'Away for a moment'
    case 'closed':
      return 'Conversation closed'
  }
}
