import { Avatar, Button, Icon, Mark, ThemeToggle } from '@millrace/ui'
import { type Signal, useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useId, useLayoutEffect, useRef } from 'preact/hooks'
import { type Identity, identityIn, NotDone, tell } from '../chat/session.js'
import { initialsOf } from '../domain/text.js'

/** An account that a demonstration tells everybody. */
export interface DemoAccount {
  readonly user: string
  readonly name: string
  readonly role: string
  readonly password: string
}

/** The accounts in what the server says to who is not logged in. */
export function demoIn(answer: unknown): readonly DemoAccount[] {
  const { demo } = (answer ?? {}) as { readonly demo?: readonly DemoAccount[] }
  return Array.isArray(demo) ? demo : []
}

interface Props {
  readonly demo: readonly DemoAccount[]
  /** Why somebody who was at the desk is here. */
  readonly notice: string | undefined
  readonly onLogin: (identity: Identity) => void
}

export function Login({ demo, notice, onLogin }: Props): JSX.Element {
  const user = useSignal('')
  const password = useSignal('')
  return (
    <div class="login">
      <header class="login__head">
        <a href="/" class="login__mark" aria-label="Millrace, to the start page">
          <Mark />
        </a>
        <ThemeToggle />
      </header>
      <main class="login__main">
        <h1>Support desk</h1>
        {notice && (
          <p class="login__notice">
            <Icon name="alert" size={18} />
            <span>{notice}</span>
          </p>
        )}
        <Form user={user} password={password} onLogin={onLogin} />
        {demo.length > 0 && (
          <Demo
            accounts={demo}
            onPick={(account) => {
              user.value = account.user
              password.value = account.password
            }}
          />
        )}
      </main>
    </div>
  )
}

interface FormProps {
  readonly user: Signal<string>
  readonly password: Signal<string>
  readonly onLogin: (identity: Identity) => void
}

/** Names and autocomplete tokens are those that password managers look for (HTML §4.10.18.7). */
function Form({ user, password, onLogin }: FormProps): JSX.Element {
  const problem = useSignal<Problem | undefined>(undefined)
  const busy = useSignal(false)
  const form = useRef<HTMLFormElement>(null)
  const id = useId()
  // Who comes here wants to log in.
  useLayoutEffect(() => form.current?.querySelector('input')?.focus(), [])

  const logIn = async (): Promise<void> => {
    if (busy.value) return
    busy.value = true
    try {
      onLogin(await identityFor(user.value, password.value))
    } catch (error) {
      const field = error instanceof Missing ? error.field : undefined
      problem.value = { field, words: error instanceof Error ? error.message : 'That did not work' }
      form.current?.querySelector<HTMLInputElement>(`[name=${field ?? 'password'}]`)?.select()
    }
    busy.value = false
  }
  const problemOf = (field: FieldName): string | undefined =>
    problem.value && (problem.value.field ?? field) === field ? `${id}-problem` : undefined
  return (
    <form
      class="login__form"
      ref={form}
      noValidate
      aria-label="Log in"
      onSubmit={(event) => {
        event.preventDefault()
        void logIn()
      }}
    >
      <Field id={`${id}-user`} label="User name" problemId={problemOf('username')} value={user} />
      <Field
        id={`${id}-password`}
        label="Password"
        secret
        problemId={problemOf('password')}
        value={password}
      />
      <p class="field__error" id={`${id}-problem`} role="alert">
        {problem.value && (
          <>
            <Icon name="alert" size={15} />
            {problem.value.words}
          </>
        )}
      </p>
      <Button type="submit" look="primary" disabled={busy.value}>
        {busy.value ? 'Logging in…' : 'Log in'}
      </Button>
    </form>
  )
}

type FieldName = 'username' | 'password'

interface Problem {
  /** The field that is wrong; both may be, where it is undefined. */
  readonly field: FieldName | undefined
  readonly words: string
}

/** What has to be filled in first. */
class Missing extends Error {
  readonly field: FieldName

  constructor(field: FieldName, message: string) {
    super(message)
    this.field = field
  }
}

/** Logs in. Throws Missing or NotDone. */
async function identityFor(user: string, password: string): Promise<Identity> {
  if (user.trim() === '') throw new Missing('username', 'Please enter your user name')
  if (password === '') throw new Missing('password', 'Please enter your password')
  const identity = identityIn(await tell('/support/desk/session', { user, password }))
  if (identity === undefined) throw new NotDone('The server did not answer as expected', true)
  return identity
}

interface FieldProps {
  readonly id: string
  readonly label: string
  readonly secret?: boolean
  /** The element that says what is wrong, when something is. */
  readonly problemId: string | undefined
  readonly value: Signal<string>
}

function Field({ id, label, secret = false, problemId, value }: FieldProps): JSX.Element {
  const kind = secret
    ? ({ type: 'password', name: 'password', autocomplete: 'current-password' } as const)
    : ({ type: 'text', name: 'username', autocomplete: 'username' } as const)
  return (
    <div class="field">
      <label class="field__label" for={id}>
        {label}
      </label>
      <input
        {...kind}
        id={id}
        class="input"
        autocapitalize="none"
        spellcheck={false}
        value={value.value}
        onInput={(event) => {
          value.value = event.currentTarget.value
        }}
        {...(problemId && { 'aria-invalid': true, 'aria-describedby': problemId })}
        required
      />
    </div>
  )
}

interface DemoProps {
  readonly accounts: readonly DemoAccount[]
  readonly onPick: (account: DemoAccount) => void
}

/** What a demonstration tells everybody, plainly as one. */
function Demo({ accounts, onPick }: DemoProps): JSX.Element {
  return (
    <section class="login__demo" aria-labelledby="demo-title">
      <h2 id="demo-title" class="login__demo-title">
        For trying out
      </h2>
      <p class="login__words">
        This desk belongs to a demonstration shop, so its passwords are no secret. To be both agents at once,
        log in as the second one in a private window.
      </p>
      <ul class="plain-list login__agents">
        {accounts.map((account) => (
          <li key={account.user} class="login__agent">
            <Avatar id={`agent.${account.user}`} initials={initialsOf(account.name)} />
            <span class="login__name">
              <strong>
                {account.name}
                {account.role === 'lead' && <span class="tag">Lead</span>}
              </strong>
              <span>
                <code>{account.user}</code> · <code>{account.password}</code>
              </span>
            </span>
            <Button small label={`Fill in ${account.name}`} onClick={() => onPick(account)}>
              Fill in
            </Button>
          </li>
        ))}
      </ul>
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
    </section>
  )
}
