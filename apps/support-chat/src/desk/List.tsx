import { Avatar, Badge, eachHalfMinute, Icon } from '@millrace/ui'
import type { Signal } from '@preact/signals'
import type { JSX, TargetedKeyboardEvent } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { clockTime } from '../chat/times.js'
import { counted, spanOf } from '../domain/spans.js'
import { initialsOf } from '../domain/text.js'
import { agentOf, type Ticket } from '../domain/ticket.js'
import type { Desk } from './model.js'
import type { Section } from './sections.js'

const TABS = [
  { key: 'open', title: 'Open' },
  { key: 'closed', title: 'Closed' },
] as const
type Tab = (typeof TABS)[number]['key']

interface Props {
  readonly desk: Desk
  readonly sections: readonly Section[]
  readonly tab: Signal<Tab>
  readonly onSelect: (ticket: string) => void
}

export function List({ desk, sections, tab, onSelect }: Props): JSX.Element {
  return (
    <section class="list" aria-label="Conversations">
      <Tabs tab={tab} />
      <div id="conversations" class="list__panel" role="tabpanel" aria-labelledby={`tab-${tab.value}`}>
        <Options desk={desk} sections={sections} onSelect={onSelect} />
      </div>
    </section>
  )
}

function Tabs({ tab }: { readonly tab: Signal<Tab> }): JSX.Element {
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLDivElement>): void => {
    if (event.key !== 'ArrowRight' && event.key !== 'ArrowLeft') return
    tab.value = tab.value === 'open' ? 'closed' : 'open'
    document.getElementById(`tab-${tab.value}`)?.focus()
    event.preventDefault()
  }
  return (
    <div class="tabs" role="tablist" aria-label="Which conversations" onKeyDown={onKeyDown}>
      {TABS.map(({ key, title }) => (
        <button
          key={key}
          id={`tab-${key}`}
          type="button"
          role="tab"
          class="tabs__tab"
          aria-selected={tab.value === key}
          aria-controls="conversations"
          tabIndex={tab.value === key ? 0 : -1}
          onClick={() => (tab.value = key)}
        >
          {title}
        </button>
      ))}
    </div>
  )
}

/** A listbox, as the ARIA practices describe it: one stop for Tab, arrows choose. */
function Options({ desk, sections, onSelect }: Omit<Props, 'tab'>): JSX.Element {
  const box = useRef<HTMLDivElement>(null)
  const selected = desk.selected.value
  const all = sections.flatMap(({ tickets }) => tickets)
  useEffect(() => {
    if (selected) document.getElementById(`option-${selected}`)?.scrollIntoView({ block: 'nearest' })
  }, [selected])

  const onKeyDown = (event: TargetedKeyboardEvent<HTMLDivElement>): void => {
    const place = all.findIndex(({ id }) => id === selected)
    const targets: Readonly<Record<string, number>> = {
      ArrowDown: Math.min(place + 1, all.length - 1),
      ArrowUp: Math.max(place - 1, 0),
      Home: 0,
      End: all.length - 1,
    }
    const target = all[targets[event.key] ?? -1]
    if (target !== undefined) {
      onSelect(target.id)
      event.preventDefault()
    } else if (event.key === 'Enter' && selected) {
      document.getElementById('conversation')?.focus()
    }
  }
  return (
    <div
      ref={box}
      class="options"
      role="listbox"
      aria-label="Conversations"
      tabIndex={0}
      {...(all.some(({ id }) => id === selected) && { 'aria-activedescendant': `option-${selected}` })}
      onKeyDown={onKeyDown}
    >
      {sections.map((section) => (
        // biome-ignore lint/a11y/useSemanticElements: a listbox may hold groups and options, no fieldset
        <div key={section.key} class="options__group" role="group" aria-label={section.title}>
          <p class="options__title" role="presentation">
            {section.title}
            <span class="options__count">{section.tickets.length}</span>
          </p>
          {section.tickets.length === 0 && <p class="options__none">{NONE[section.key]}</p>}
          {section.tickets.map((ticket) => (
            <Option key={ticket.id} desk={desk} ticket={ticket} onSelect={onSelect} />
          ))}
        </div>
      ))}
    </div>
  )
}

const NONE = {
  waiting: 'Nobody is waiting',
  mine: 'You have no conversation',
  team: 'None',
  closed: 'Nothing was closed yet',
} as const satisfies Record<Section['key'], string>

interface OptionProps {
  readonly desk: Desk
  readonly ticket: Ticket
  readonly onSelect: (ticket: string) => void
}

function Option({ desk, ticket, onSelect }: OptionProps): JSX.Element {
  const conversation = desk.conversationOf(ticket.id)
  const unread = desk.unreadOf(ticket)
  const here = conversation?.customerHere.value !== undefined
  const typing = conversation?.room.typing.value === true
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keyboard is the listbox's, see above
    <div
      id={`option-${ticket.id}`}
      class={`option${unread > 0 ? ' option--unread' : ''}`}
      role="option"
      tabIndex={-1}
      aria-selected={desk.selected.value === ticket.id}
      onClick={() => onSelect(ticket.id)}
    >
      <Avatar
        id={ticket.customer.id}
        initials={initialsOf(ticket.customer.name)}
        {...(conversation && desk.isInformed && { presence: here ? 'here' : 'away' })}
      />
      <span class="option__name" dir="auto">
        {ticket.customer.name}
      </span>
      <span class="option__time">
        <When ticket={ticket} />
      </span>
      <span class={`option__line${typing ? ' option__line--typing' : ''}`} dir="auto">
        {typing ? 'typing…' : lineFor(desk, ticket)}
      </span>
      <Badge count={unread} words={counted(unread, 'unread message')} />
    </div>
  )
}

function When({ ticket }: { readonly ticket: Ticket }): JSX.Element {
  if (ticket.status === 'closed') return <>{clockTime(ticket.closedAt)}</>
  if (ticket.status === 'active') return <>{clockTime(ticket.takenAt)}</>
  const span = spanOf(eachHalfMinute.value - ticket.openedAt)
  return (
    <span class="option__waits">
      <Icon name="clock" size={13} />
      <span class="hidden-visually">waiting </span>
      {span}
    </span>
  )
}

function lineFor(desk: Desk, ticket: Ticket): string {
  const agent = agentOf(ticket)
  if (agent !== undefined && agent.id !== desk.me.id) return `with ${agent.name}`
  return desk.lineOf(ticket) || (ticket.status === 'closed' ? `closed by the ${ticket.closedBy}` : ' ')
}
