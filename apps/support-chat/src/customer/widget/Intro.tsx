import { Button, Icon } from '@millrace/ui'
import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useId } from 'preact/hooks'
import { MESSAGE_LIMIT, NAME_LIMIT, problemOf, tidyName } from '../../domain/text.js'
import type { CustomerSupport } from './support.js'

interface Props {
  readonly support: CustomerSupport
  readonly onStarted: () => void
}

/** The first step: a name and what it is about, in one form. */
export function Intro({ support, onStarted }: Props): JSX.Element {
  const name = useSignal(support.identity.value?.name ?? '')
  const text = useSignal('')
  const problem = useSignal<string | undefined>(undefined)
  const busy = useSignal(false)
  const id = useId()

  const start = async (): Promise<void> => {
    problem.value = problemWith(name.value, text.value)
    if (problem.value !== undefined || busy.value) return
    busy.value = true
    try {
      await support.start(tidyName(name.value), text.value)
      onStarted()
    } catch (error) {
      problem.value = error instanceof Error ? error.message : 'That did not work'
    }
    busy.value = false
  }
  return (
    <form
      class="intro"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        void start()
      }}
    >
      {support.notice.value && (
        <p class="intro__notice" role="status">
          <Icon name="alert" size={18} />
          <span>{support.notice.value}</span>
        </p>
      )}
      <p class="intro__hello">
        Hello! Tell us your name and what we can do for you. A person answers, here in this window.
      </p>
      <div class="field">
        <label class="field__label" for={`${id}-name`}>
          Your name
        </label>
        <input
          id={`${id}-name`}
          class="input"
          dir="auto"
          autocomplete="given-name"
          maxLength={NAME_LIMIT}
          value={name.value}
          onInput={(event) => (name.value = event.currentTarget.value)}
          required
        />
      </div>
      <div class="field intro__message">
        <label class="field__label" for={`${id}-text`}>
          Your message
        </label>
        <textarea
          id={`${id}-text`}
          class="input"
          dir="auto"
          rows={4}
          value={text.value}
          onInput={(event) => (text.value = event.currentTarget.value)}
          required
        />
      </div>
      <p class="field__error" role="alert">
        {problem.value && (
          <>
            <Icon name="alert" size={15} />
            {problem.value}
          </>
        )}
      </p>
      <Button type="submit" look="primary" icon="send" disabled={busy.value}>
        Start the conversation
      </Button>
    </form>
  )
}

function problemWith(name: string, text: string): string | undefined {
  if (tidyName(name) === '') return 'Please tell us your name'
  switch (problemOf(text)) {
    case 'empty':
      return 'Please write a message'
    case 'too-long':
      return `Please keep it under ${MESSAGE_LIMIT.toLocaleString()} characters`
    case undefined:
      return undefined
  }
}
