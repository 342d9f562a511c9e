import { Button, Dialog, Menu, type MenuItem } from '@millrace/ui'
import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import type { Colleague, Desk } from './model.js'

interface Props {
  readonly desk: Desk
  readonly onLogout: () => void
}

/** How logins end: this one, all of one's own, and for a lead those of a colleague. */
export function Account({ desk, onLogout }: Props): JSX.Element {
  const asking = useSignal<Colleague | undefined>(undefined)
  const others = desk.agents.value.filter(
    ({ id }) => id !== desk.me.id && desk.may('desk.signOut', { agent: id }),
  )
  const items: readonly MenuItem[] = [
    { key: 'out', title: 'Log out', hint: 'In this browser', onPick: onLogout },
    {
      key: 'everywhere',
      title: 'Log out everywhere',
      hint: 'In every browser',
      onPick: () => void desk.signOut(desk.me),
    },
    ...others.map((agent) => ({
      key: agent.id,
      title: `Sign out ${agent.name}`,
      hint: desk.online.value.has(agent.id) ? 'At the desk' : 'Not at the desk',
      onPick: () => {
        asking.value = agent
      },
    })),
  ]
  return (
    <>
      <Menu label="Account" icon="person" items={items} />
      <SignOutDialog
        agent={asking.value}
        onAnswer={(signOut) => {
          if (signOut && asking.value) void desk.signOut(asking.value)
          asking.value = undefined
        }}
      />
    </>
  )
}

interface DialogProps {
  readonly agent: Colleague | undefined
  readonly onAnswer: (signOut: boolean) => void
}

/** It throws somebody out in the middle of a sentence, so it is asked first. */
function SignOutDialog({ agent, onAnswer }: DialogProps): JSX.Element {
  const name = agent?.name ?? 'a colleague'
  return (
    <Dialog title={`Sign out ${name}?`} open={agent !== undefined} onClose={() => onAnswer(false)}>
      <p>
        Every browser that <bdi>{name}</bdi> is logged in with is signed out at once. Conversations stay with
        them, and they can log in again.
      </p>
      <div class="dialog__actions">
        <Button onClick={() => onAnswer(false)}>Cancel</Button>
        <Button look="primary" onClick={() => onAnswer(true)}>
          Sign out
        </Button>
      </div>
    </Dialog>
  )
}
