import { Button, Icon } from '@millrace/ui'
import type { JSX, Ref, TargetedInputEvent, TargetedKeyboardEvent } from 'preact'
import { useId, useLayoutEffect, useRef } from 'preact/hooks'
import { MESSAGE_LIMIT, problemOf, tidyMessage } from '../domain/text.js'

export interface ComposerProps {
  readonly label: string
  readonly placeholder: string
  /** The text is the page's: it outlives a change of conversation, and canned replies go into it. */
  readonly text: string
  readonly onText: (text: string) => void
  readonly onSend: (text: string) => void
  readonly onTyping: (typing: boolean) => void
  readonly tools?: JSX.Element
  readonly fieldRef?: Ref<HTMLTextAreaElement>
  readonly onKeyDown?: (event: TargetedKeyboardEvent<HTMLTextAreaElement>) => void
}

/** From so many characters before the limit the rest is counted. */
const COUNT_FROM = MESSAGE_LIMIT - 300

/** Where a message is written. Enter sends, Shift and Enter begins a new line. */
export function Composer(props: ComposerProps): JSX.Element {
  const { text, onText } = props
  const own = useRef<HTMLTextAreaElement>(null)
  const hint = useId()
  const problem = problemOf(text)
  const left = MESSAGE_LIMIT - tidyMessage(text).length

  useLayoutEffect(() => grow(own.current), [text])

  const send = (): void => {
    if (problem !== undefined) return
    props.onTyping(false)
    props.onSend(text)
    onText('')
  }
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLTextAreaElement>): void => {
    props.onKeyDown?.(event)
    // While an input method composes, Enter belongs to it.
    if (event.defaultPrevented || event.key !== 'Enter' || event.shiftKey || event.isComposing) return
    event.preventDefault()
    send()
  }
  const onInput = (event: TargetedInputEvent<HTMLTextAreaElement>): void => {
    onText(event.currentTarget.value)
    props.onTyping(event.currentTarget.value.trim() !== '')
  }
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      <div class="composer__box">
        <textarea
          ref={(element) => {
            own.current = element
            if (typeof props.fieldRef === 'object' && props.fieldRef !== null)
              props.fieldRef.current = element
          }}
          class="composer__field"
          dir="auto"
          rows={1}
          aria-label={props.label}
          placeholder={props.placeholder}
          aria-describedby={hint}
          aria-invalid={problem === 'too-long'}
          value={text}
          onInput={onInput}
          onKeyDown={onKeyDown}
          enterkeyhint="send"
        />
        <div class="composer__tools">
          {props.tools}
          <p class={`composer__hint${left < 0 ? ' composer__hint--over' : ''}`} id={hint}>
            {hintFor(left)}
          </p>
          <Button
            type="submit"
            look="primary"
            small
            label="Send"
            icon="send"
            disabled={problem !== undefined}
          />
        </div>
      </div>
    </form>
  )
}

function hintFor(left: number): JSX.Element | string {
  if (left < 0) {
    return (
      <>
        <Icon name="alert" size={14} />
        {`${(-left).toLocaleString()} characters too long. Please send it in parts`}
      </>
    )
  }
  return left <= MESSAGE_LIMIT - COUNT_FROM ? `${left} characters left` : ''
}

/** As high as its text, up to the limit that the style sheet sets. */
function grow(field: HTMLTextAreaElement | null): void {
  if (field === null) return
  field.style.height = 'auto'
  field.style.height = `${field.scrollHeight}px`
}
