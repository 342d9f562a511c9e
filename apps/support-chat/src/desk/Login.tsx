import { Avatar, Icon, Mark, ThemeToggle } from '@millrace/ui'
import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { askForToken, type Identity } from '../chat/identity.js'
import { initialsOf } from '../domain/text.js'

export interface LoggedIn {
  readonly identity: Identity
  /** What the login asked for. */
  readonly agent: string
}

const DEMO_AGENTS = [
  { key: 'ines', name: 'Ines Moreau', line: 'Orders and delivery' },
  { key: 'tomas', name: 'Tomas Berg', line: 'Products and returns' },
] as const

/** The demonstration's login: pick who to be. It says plainly that it is one. */
export function Login({ onLogin }: { readonly onLogin: (login: LoggedIn) => void }): JSX.Element {
  const problem = useSignal<string | undefined>(undefined)
  const busy = useSignal(false)
  const pick = async (agent: string): Promise<void> => {
    if (busy.value) return
    busy.value = true
    try {
      onLogin({ agent, identity: await askForToken('/support/desk/session', { agent }) })
    } catch (error) {
      problem.value = error instanceof Error ? error.message : 'That did not work'
    }
    busy.value = false
  }
  return (
    <div class="login">
      <header class="login__head">
        <a href="/" class="login__mark" aria-label="Millrace, to the start page">
          <Mark />
        </a>
        <ThemeToggle />
      </header>
      <main class="login__main">
        <p class="tag">Demonstration login</p>
        <h1>Support desk</h1>
        <p class="login__words">
          Choose who to be. There is no password: this desk belongs to a demonstration shop. A second tab can
          be the other agent.
        </p>
        <ul class="plain-list login__agents">
          {DEMO_AGENTS.map(({ key, name, line }) => (
            <li key={key}>
              <button type="button" class="login__agent" onClick={() => void pick(key)}>
                <Avatar id={`agent.${key}`} initials={initialsOf(name)} />
                <span class="login__name">
                  <strong>{name}</strong>
                  <span>{line}</span>
                </span>
                <Icon name="arrow" size={18} />
              </button>
            </li>
          ))}
        </ul>
        <p class="field__error" role="alert">
          {problem.value && (
            <>
              <Icon name="alert" size={15} />
              {problem.value}
            </>
          )}
        </p>
        <p class="login__hint">
          <Icon name="windows" size={18} />
          <span>
            Customers come in at{' '}
            <a href="/support/" target="_blank" rel="noopener">
              the shop
            </a>
            . Open it beside this window.
          </span>
        </p>
      </main>
    </div>
  )
}
