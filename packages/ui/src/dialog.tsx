import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'
import { Button } from './button.js'

interface Props {
  readonly title: string
  readonly open: boolean
  readonly onClose: () => void
  readonly children: ComponentChildren
}

/** A modal dialog on the platform's own: focus stays inside, Escape closes, and focus goes back where it was. */
export function Dialog({ title, open, onClose, children }: Props): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null)
  const heading = useId()
  useEffect(() => {
    if (open) dialog.current?.showModal()
    else dialog.current?.close()
  }, [open])
  const onBackdrop = (event: MouseEvent): void => {
    if (event.target === dialog.current) onClose()
  }
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a press on the backdrop closes; for the keyboard Escape does, natively
    <dialog ref={dialog} class="dialog" aria-labelledby={heading} onClose={onClose} onClick={onBackdrop}>
      <div class="dialog__head">
        <h2 id={heading} class="dialog__title">
          {title}
        </h2>
        <Button look="plain" icon="close" label="Close" onClick={onClose} />
      </div>
      <div class="dialog__body">{children}</div>
    </dialog>
  )
}
