import { Dialog, Kbd } from '@millrace/ui'
import type { Signal } from '@preact/signals'
import type { JSX } from 'preact'
import { SHORTCUTS, shortcutsOn, turnShortcuts } from './shortcuts.js'

/** What the keys do, and the switch to turn them off. */
export function ShortcutHelp({ open }: { readonly open: Signal<boolean> }): JSX.Element {
  return (
    <Dialog title="Keyboard shortcuts" open={open.value} onClose={() => (open.value = false)}>
      <dl class="shortcuts">
        {SHORTCUTS.map(({ key, words }) => (
          <div class="shortcuts__row" key={key}>
            <dt>
              <Kbd>{key}</Kbd>
            </dt>
            <dd>{words}</dd>
          </div>
        ))}
        <div class="shortcuts__row">
          <dt>
            <Kbd>Enter</Kbd>
          </dt>
          <dd>Send the message; with Shift, begin a new line</dd>
        </div>
        <div class="shortcuts__row">
          <dt>
            <Kbd>Esc</Kbd>
          </dt>
          <dd>Leave the reply field, a menu or a dialog</dd>
        </div>
      </dl>
      <label class="shortcuts__switch">
        <input
          type="checkbox"
          checked={shortcutsOn.value}
          onChange={(event) => turnShortcuts(event.currentTarget.checked)}
        />
        Single keys do something. Turn them off where they are in the way; <Kbd>?</Kbd> always works.
      </label>
    </Dialog>
  )
}
