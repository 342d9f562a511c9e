import { Avatar, Button, Dialog, eachHalfMinute, Icon, Menu } from '@millrace/ui'
import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { Composer } from '../chat/Composer.js'
import { Timeline } from '../chat/Timeline.js'
import { spanOf } from '../domain/spans.js'
import { initialsOf } from '../domain/text.js'
import { agentOf, type Ticket } from '../domain/ticket.js'
import { cannedFor } from './canned.js'
import type { DeskConversation } from './conversation.js'
import { Details } from './Details.js'
import type { Desk } from './model.js'

type Action = (() => void) | undefined

/** What shortcuts can do with the conversation in front. The pane fills it in on each rendering. */
export interface PaneActions {
  take?: Action
  assign?: Action
  close?: Action
  reply?: Action
  canned?: Action
}

/** What parts of the pane can be asked to do; each part fills in its own. */
interface Tools {
  close?: Action
  assign?: Action
  reply?: Action
  canned?: Action
}

interface Props {
  readonly desk: Desk
  readonly actions: PaneActions
  readonly onBack: () => void
}

/** The conversation in front, with its customer beside it. */
export function ConversationPane({ desk, actions, onBack }: Props): JSX.Element {
  const ticket = desk.tickets.value.get(desk.selected.value ?? '')
  const conversation = desk.conversationOf(ticket?.id)
  const tools = useRef<Tools>({}).current
  Object.assign(actions, ticket === undefined ? NO_ACTIONS : actionsFor(desk, ticket, tools))
  if (ticket === undefined || conversation === undefined) {
    return (
      <main class="pane pane--empty" id="conversation" tabIndex={-1}>
        <NothingChosen desk={desk} />
      </main>
    )
  }
  return (
    <>
      <main
        class="pane"
        id="conversation"
        tabIndex={-1}
        aria-label={`Conversation with ${ticket.customer.name}`}
      >
        <PaneHead desk={desk} ticket={ticket} conversation={conversation} tools={tools} onBack={onBack} />
        <Problem desk={desk} />
        <Timeline
          key={ticket.id}
          room={conversation.room}
          side="agent"
          label={`Messages with ${ticket.customer.name}`}
          outbox={desk.sender.outbox.value.filter((message) => message.ticket === ticket.id)}
          other={ticket.receipts.customer}
          typing={conversation.room.typing.value ? ticket.customer.name : undefined}
          nameOf={(author) => nameOf(desk, ticket, author)}
          onRetry={({ id }) => desk.sender.retry(id, ticket.id)}
          onDiscard={({ id }) => desk.sender.discard(id)}
          onSeen={() => conversation.seen()}
          empty={
            conversation.room.loaded.value ? (
              <p class="note">No messages are kept of this conversation</p>
            ) : (
              <p class="note">Loading…</p>
            )
          }
        />
        <Foot desk={desk} ticket={ticket} conversation={conversation} tools={tools} />
      </main>
      <CloseDialog key={`close-${ticket.id}`} desk={desk} ticket={ticket} tools={tools} />
      <Details desk={desk} ticket={ticket} conversation={conversation} />
    </>
  )
}

const NO_ACTIONS: PaneActions = {
  take: undefined,
  assign: undefined,
  close: undefined,
  reply: undefined,
  canned: undefined,
}

function actionsFor(desk: Desk, ticket: Ticket, tools: Tools): PaneActions {
  const { closes, assigns } = rightsOver(desk, ticket)
  const mine = isMine(desk, ticket)
  return {
    take: ticket.status === 'waiting' ? () => void desk.take(ticket.id) : undefined,
    close: closes ? () => tools.close?.() : undefined,
    assign: assigns ? () => tools.assign?.() : undefined,
    reply: mine ? () => tools.reply?.() : undefined,
    canned: mine ? () => tools.canned?.() : undefined,
  }
}

/** What this agent may do with the ticket, as access.ts has it, where the ticket's state allows it at all. */
function rightsOver(desk: Desk, ticket: Ticket): { readonly closes: boolean; readonly assigns: boolean } {
  const open = ticket.status !== 'closed'
  return {
    closes: open && desk.may('support.close', { ticket }),
    assigns: open && desk.may('desk.assign', { ticket }),
  }
}

const isMine = (desk: Desk, ticket: Ticket): boolean =>
  ticket.status === 'active' && ticket.agent.id === desk.me.id

/** Who wrote something, by the name the desk knows. */
function nameOf(desk: Desk, ticket: Ticket, author: string): string {
  if (author === ticket.customer.id) return ticket.customer.name
  return desk.agents.value.find(({ id }) => id === author)?.name ?? 'An agent'
}

function NothingChosen({ desk }: { readonly desk: Desk }): JSX.Element {
  const waiting = [...desk.tickets.value.values()].filter(({ status }) => status === 'waiting').length
  return (
    <div class="nothing">
      <span class="nothing__icon">
        <Icon name="inbox" size={30} />
      </span>
      <h2>{waiting > 0 ? 'Choose a conversation' : 'All quiet'}</h2>
      <p>
        {waiting > 0
          ? 'Customers who wait are at the top of the list, longest first.'
          : 'When a customer writes, the conversation shows up on the left.'}
      </p>
      <p>
        <a href="/support/" target="_blank" rel="noopener">
          Open the shop in another window
        </a>{' '}
        to write as a customer.
      </p>
    </div>
  )
}

interface PartProps {
  readonly desk: Desk
  readonly ticket: Ticket
  readonly conversation: DeskConversation
  readonly tools: Tools
}

function PaneHead({
  desk,
  ticket,
  conversation,
  tools,
  onBack,
}: PartProps & { readonly onBack: () => void }) {
  const here = conversation.customerHere.value
  const { closes, assigns } = rightsOver(desk, ticket)
  return (
    <header class="pane__head">
      <Button look="plain" icon="back" label="Back to the list" class="pane__back" onClick={onBack} />
      <Avatar
        id={ticket.customer.id}
        initials={initialsOf(ticket.customer.name)}
        {...(desk.isInformed && { presence: here ? 'here' : 'away' })}
      />
      <div class="pane__who">
        <h2 class="pane__name" dir="auto">
          {ticket.customer.name}
        </h2>
        <p class="pane__where" dir="auto">
          {desk.isInformed ? whereabouts(conversation) : 'Whereabouts not known while disconnected'}
        </p>
      </div>
      <div class="pane__actions">
        {ticket.status === 'waiting' && (
          <Button
            small
            look="primary"
            icon="check"
            hint="Take the conversation (t)"
            onClick={() => void desk.take(ticket.id)}
          >
            Take
          </Button>
        )}
        {assigns && <AssignMenu desk={desk} ticket={ticket} tools={tools} />}
        {closes && (
          <Button small icon="archive" hint="Close the conversation (e)" onClick={() => tools.close?.()}>
            Close
          </Button>
        )}
      </div>
    </header>
  )
}

function whereabouts(conversation: DeskConversation): string {
  const here = conversation.customerHere.value
  if (here !== undefined) return here.page ? `Looking at ${here.page.title}` : 'Here now'
  const last = conversation.lastSeen.value
  return last === undefined ? 'Not on the site' : `Left the site ${agoOf(eachHalfMinute.value - last)}`
}

const agoOf = (span: number): string => (span < 60_000 ? 'just now' : `${spanOf(span)} ago`)

function AssignMenu({ desk, ticket, tools }: Omit<PartProps, 'conversation'>): JSX.Element {
  const holder = agentOf(ticket)?.id
  const online = desk.online.value
  return (
    <Menu
      label="Assign"
      icon="swap"
      hint="Assign to a colleague (a)"
      opener={(open) => {
        tools.assign = open
      }}
      items={desk.agents.value
        .filter(({ id }) => id !== holder)
        .map(({ id, name }) => ({
          key: id,
          title: id === desk.me.id ? `${name} (you)` : name,
          hint: online.has(id) ? 'At the desk' : 'Not at the desk',
          onPick: () => void desk.assign(ticket.id, id),
        }))}
    />
  )
}

/** Closing ends the customer's side too, and one key is pressed by mistake: so it is asked first. */
function CloseDialog({ desk, ticket, tools }: Omit<PartProps, 'conversation'>): JSX.Element {
  const asking = useSignal(false)
  tools.close = () => {
    asking.value = true
  }
  const answer = (close: boolean): void => {
    asking.value = false
    if (close) void desk.close(ticket.id)
  }
  return (
    <Dialog title="Close the conversation?" open={asking.value} onClose={() => answer(false)}>
      <p>
        <bdi>{ticket.customer.name}</bdi> can read it for a day, and has to begin a new one to write again.
      </p>
      <div class="dialog__actions">
        <Button onClick={() => answer(false)}>Keep it open</Button>
        <Button look="primary" onClick={() => answer(true)}>
          Close it
        </Button>
      </div>
    </Dialog>
  )
}

/** What the server refused, until it is put away or something else is done. */
function Problem({ desk }: { readonly desk: Desk }): JSX.Element {
  const problem = desk.problem.value
  return (
    <div class="pane__problem">
      {problem !== undefined && (
        <div class="banner banner--bad">
          <span class="banner__icon">
            <Icon name="alert" />
          </span>
          <span class="banner__words">{problem}</span>
          <Button small look="plain" icon="close" label="Put away" onClick={() => desk.dismissProblem()} />
        </div>
      )}
    </div>
  )
}

/** Where the agent writes, or why not. */
function Foot({ desk, ticket, conversation, tools }: PartProps): JSX.Element {
  const field = useRef<HTMLTextAreaElement>(null)
  const mine = isMine(desk, ticket)
  const focus = (): void => field.current?.focus()
  tools.reply = focus
  // Who just took a conversation wants to write in it. Before the next key can come, or it would be a shortcut.
  useLayoutEffect(() => {
    if (mine && matchMedia('(hover: hover)').matches) focus()
  }, [mine, ticket.id])
  if (!mine) return <p class="pane__why-not">{whyNot(desk, ticket)}</p>
  const { draft, room } = conversation
  return (
    <Composer
      label={`Reply to ${ticket.customer.name}`}
      placeholder="Write a reply…"
      fieldRef={field}
      text={draft.value}
      onText={(text) => {
        draft.value = text
      }}
      onSend={(text) => desk.sender.send(text, ticket.id)}
      onTyping={(typing) => room.type(typing)}
      onKeyDown={(event) => {
        if (event.key === 'Escape') event.currentTarget.blur()
        // In an empty field `/` asks for the canned replies, as it does outside of one.
        if (event.key !== '/' || draft.value !== '') return
        event.preventDefault()
        tools.canned?.()
      }}
      tools={
        <Menu
          label="Canned replies"
          icon="bolt"
          side="above"
          hint="Canned replies (/)"
          opener={(open) => {
            tools.canned = open
          }}
          items={cannedFor(ticket.customer.name, desk.me.name.split(' ', 1)[0] ?? desk.me.name).map(
            ({ title, text }) => ({
              key: title,
              title,
              hint: text,
              onPick: () => {
                draft.value = draft.value === '' ? text : `${draft.value} ${text}`
                focus()
              },
            }),
          )}
        />
      }
    />
  )
}

function whyNot(desk: Desk, ticket: Ticket): string {
  switch (ticket.status) {
    case 'waiting':
      return 'Take the conversation to reply.'
    case 'active':
      return `${ticket.agent.name} has this conversation. ${
        desk.may('desk.assign', { ticket }) ? 'Assign it to yourself to reply.' : 'A lead can hand it to you.'
      }`
    case 'closed':
      return 'This conversation is closed.'
  }
}
