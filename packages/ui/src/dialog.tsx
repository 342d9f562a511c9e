import type { ComponentChildren, JSX } from 'preact'
import { useId, useLayoutEffect, useRef } from 'preact/hooks'
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
  useLayoutEffect(() => {
    if (open) dialog.current?.showModal()
    else dialog.current?.close()
  }, [open])
  // The page's state decides, so Escape asks it; a browser that closes all the same is followed, by `close`.
  const onCancel = (event: Event): void => {
    event.preventDefault()
    onClose()
  }
  // The event comes a little later than the closing; by then the dialog may be open again.
  const onClosed = (): void => {
    if (!dialog.current?.open) onClose()
  }
  const onBackdrop = (event: MouseEvent): void => {
    if (event.target === dialog.current) onClose()
  }
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a press on the backdrop closes; for the keyboard Escape does, natively
    <dialog
      ref={dialog}
      class="dialog"
      aria-labelledby={heading}
      onClose={onClosed}
      onCancel={onCancel}
      onClick={onBackdrop}
    >
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
