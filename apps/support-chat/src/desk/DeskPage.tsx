import { Avatar, Button, LinkStatus, Mark, SkipLink, ThemeToggle } from '@millrace/ui'
import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { ConnectionNotice } from '../chat/ConnectionNotice.js'
import { initialsOf } from '../domain/text.js'
import { Account } from './Account.js'
import { ConversationPane, type PaneActions } from './ConversationPane.js'
import { List } from './List.js'
import type { Desk } from './model.js'
import { ShortcutHelp } from './ShortcutHelp.js'
import { closedSections, neighbour, openSections } from './sections.js'
import { actionFor, type ShortcutAction } from './shortcuts.js'

interface Props {
  readonly desk: Desk
  readonly onLogout: () => void
}

/** The whole desk: the list, the conversation in front, and what is known of its customer. */
export function DeskPage({ desk, onLogout }: Props): JSX.Element {
  const help = useSignal(false)
  const tab = useSignal<'open' | 'closed'>('open')
  const pane = useRef<PaneActions>({})
  const tickets = [...desk.tickets.value.values()]
  const sections = tab.value === 'open' ? openSections(tickets, desk.me.id) : closedSections(tickets)
  const selected = desk.selected.value
  useTitle(desk, tickets.filter(({ status }) => status === 'waiting').length)

  const select = (ticket: string | undefined): void => {
    desk.selected.value = ticket
  }
  const actions: Partial<Record<ShortcutAction, () => void>> = {
    next: () => select(neighbour(sections, selected, 1)?.id),
    previous: () => select(neighbour(sections, selected, -1)?.id),
    unread: () => select(nextUnread(desk)),
    take: () => pane.current.take?.(),
    assign: () => pane.current.assign?.(),
    close: () => pane.current.close?.(),
    reply: () => pane.current.reply?.(),
    canned: () => pane.current.canned?.(),
    help: () => (help.value = true),
  }
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      const action = actionFor(event)
      if (action === undefined) return
      event.preventDefault()
      actions[action]?.()
    }
    document.addEventListener('keydown', onKeyDown)
    return () => document.removeEventListener('keydown', onKeyDown)
  })
  return (
    <div class={`desk${selected ? ' desk--chosen' : ''}`}>
      <SkipLink to="conversation">Skip to the conversation</SkipLink>
      <Head desk={desk} onHelp={() => (help.value = true)} onLogout={onLogout} />
      <ConnectionNotice link={desk.link} />
      <List desk={desk} sections={sections} tab={tab} onSelect={select} />
      <ConversationPane desk={desk} actions={pane.current} onBack={() => select(undefined)} />
      <ShortcutHelp open={help} />
    </div>
  )
}

interface HeadProps {
  readonly desk: Desk
  readonly onHelp: () => void
  readonly onLogout: () => void
}

function Head({ desk, onHelp, onLogout }: HeadProps): JSX.Element {
  return (
    <header class="desk__head">
      <a href="/" class="desk__mark" aria-label="Millrace, to the start page">
        <Mark size={26} />
      </a>
      <h1 class="desk__title">Support desk</h1>
      <LinkStatus state={desk.link.state.value} />
      <span class="desk__space" />
      <Button
        small
        look="plain"
        icon="keyboard"
        class="desk__keys"
        label="Keyboard shortcuts"
        hint="Keyboard shortcuts (?)"
        onClick={onHelp}
      />
      <ThemeToggle />
      <span class="desk__me">
        <Avatar small id={desk.me.id} initials={initialsOf(desk.me.name)} />
        <span class="desk__name">{desk.me.name}</span>
      </span>
      <Account desk={desk} onLogout={onLogout} />
    </header>
  )
}

/** The next of the agent's conversations with something unread; else the one that waits longest. */
function nextUnread(desk: Desk): string | undefined {
  const tickets = [...desk.tickets.value.values()]
  const unread = tickets.find((ticket) => desk.unreadOf(ticket) > 0 && ticket.id !== desk.selected.value)
  return (unread ?? tickets.find(({ status }) => status === 'waiting'))?.id ?? desk.selected.value
}

/** What is unread, or who waits, stands in the tab's title. */
function useTitle(desk: Desk, waiting: number): void {
  const unread = desk.unread.value
  useEffect(() => {
    const badge = unread > 0 ? `(${unread}) ` : ''
    const queue = waiting > 0 ? ` · ${waiting} waiting` : ''
    document.title = `${badge}Support desk${queue}`
  }, [unread, waiting])
}
