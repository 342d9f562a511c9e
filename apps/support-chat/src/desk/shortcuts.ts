import { signal } from '@preact/signals'

/** What a key does at the desk. The same table is the help that `?` shows. */
export const SHORTCUTS = [
  { key: 'j', action: 'next', words: 'Next conversation' },
  { key: 'k', action: 'previous', words: 'Previous conversation' },
  { key: 'n', action: 'unread', words: 'Next unread conversation, or the one that waits longest' },
  { key: 't', action: 'take', words: 'Take the conversation' },
  { key: 'a', action: 'assign', words: 'Assign to a colleague' },
  { key: 'e', action: 'close', words: 'Close the conversation' },
  { key: 'r', action: 'reply', words: 'Write a reply' },
  { key: '/', action: 'canned', words: 'Insert a canned reply' },
  { key: '?', action: 'help', words: 'Show this help' },
] as const

export type ShortcutAction = (typeof SHORTCUTS)[number]['action']

const KEY = 'support-desk-shortcuts'

/** Single keys can be in the way of speech input and of other aids, so they can be turned off (WCAG 2.1.4). */
export const shortcutsOn = signal(localStorage.getItem(KEY) !== 'off')

export function turnShortcuts(on: boolean): void {
  shortcutsOn.value = on
  localStorage.setItem(KEY, on ? 'on' : 'off')
}

/** The action a key press stands for: none while somebody writes, in a dialog or menu, or with a modifier. */
export function actionFor(event: KeyboardEvent): ShortcutAction | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented)
    return undefined
  const target = event.target instanceof Element ? event.target : undefined
  // Until the next frame is drawn, the focus is still in a dialog that has just been closed.
  const isGone = target?.closest('dialog:not([open])') != null
  if (!isGone && target?.closest('input, textarea, select, dialog, [role="menu"]')) return undefined
  const action = SHORTCUTS.find(({ key }) => key === event.key)?.action
  return action === 'help' || shortcutsOn.value ? action : undefined
}
