import { Badge, Icon } from '@millrace/ui'
import { type Signal, useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { ConnectionNotice } from '../../chat/ConnectionNotice.js'
import { counted } from '../../domain/spans.js'
import { ConversationView } from './ConversationView.js'
import { Intro } from './Intro.js'
import { PanelHead } from './PanelHead.js'
import type { CustomerSupport } from './support.js'

interface Props {
  readonly support: CustomerSupport
  readonly open: Signal<boolean>
}

/** The button in the corner and the panel it opens. */
export function Widget({ support, open }: Props): JSX.Element {
  const launcher = useRef<HTMLButtonElement>(null)
  const unread = support.unread.value
  useTitleBadge(unread)
  const close = (): void => {
    open.value = false
    launcher.current?.focus()
  }
  const toggle = (): void => {
    if (open.value) close()
    else open.value = true
  }
  return (
    <aside class="widget" aria-label="Support chat">
      {open.value && <Panel support={support} onClose={close} />}
      <button
        type="button"
        ref={launcher}
        class={`launcher${open.value ? ' launcher--open' : ''}`}
        aria-expanded={open.value}
        aria-controls={open.value ? 'support-panel' : undefined}
        onClick={toggle}
      >
        <Icon name={open.value ? 'close' : 'chat'} size={22} />
        <span class="launcher__word">{open.value ? 'Close chat' : 'Chat with us'}</span>
        {!open.value && <Badge count={unread} words={counted(unread, 'unread message')} />}
      </button>
    </aside>
  )
}

function Panel({ support, onClose }: { readonly support: CustomerSupport; readonly onClose: () => void }) {
  const panel = useRef<HTMLDivElement>(null)
  const anew = useSignal(false)
  const link = support.link.value
  const unsent = support.sender.outbox.value
  const ticket = support.ticket.value
  const isKnown = support.identity.value !== undefined
  const begun = isKnown && (ticket !== undefined || unsent.length > 0)
  // The first field takes the focus: who opens the chat wants to write. Before the next key can come, or it would be lost.
  useLayoutEffect(() => {
    panel.current?.querySelector<HTMLElement>('textarea, input')?.focus()
  }, [])
  const waitsToKnow = isKnown && !support.settled.value && !begun
  return (
    <div
      ref={panel}
      id="support-panel"
      class="panel"
      role="dialog"
      aria-labelledby="support-title"
      tabIndex={-1}
      onKeyDown={(event) => {
        if (event.key === 'Escape' && !event.defaultPrevented) onClose()
      }}
    >
      <PanelHead support={support} onClose={onClose} />
      <div class="panel__body">
        {link && <ConnectionNotice link={link} />}
        {waitsToKnow && <Waiting />}
        {!waitsToKnow && (!begun || anew.value) && (
          <Intro support={support} onStarted={() => (anew.value = false)} />
        )}
        {!waitsToKnow && begun && !anew.value && (
          <ConversationView support={support} onAnew={() => (anew.value = true)} />
        )}
      </div>
    </div>
  )
}

const Waiting = (): JSX.Element => (
  <div class="panel__waiting">
    <p>Looking for your conversation…</p>
  </div>
)

/** The number of unread messages stands in the tab's title, where it is seen without a sound. */
function useTitleBadge(unread: number): void {
  useEffect(() => {
    const bare = (): string => document.title.replace(/^\(\d+\) /, '')
    document.title = unread > 0 ? `(${unread}) ${bare()}` : bare()
  })
}
