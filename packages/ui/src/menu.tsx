import type { TargetedKeyboardEvent } from 'preact'
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { Button } from './button.js'
import type { IconName } from './icons.js'

export interface MenuItem {
  readonly key: string
  readonly title: string
  readonly hint?: string
  readonly onPick: () => void
}

interface Props {
  readonly label: string
  readonly icon: IconName
  readonly items: readonly MenuItem[]
  readonly side?: 'below' | 'above'
  readonly hint?: string
  /** Whether the words are shown beside the icon. */
  readonly worded?: boolean
  readonly disabled?: boolean
  /** Gives the page a way to open the menu, by a shortcut. */
  readonly opener?: (open: () => void) => void
}

/** A button with a menu, as the ARIA practices describe it: arrows move, Home and End jump, Escape goes back. */
export function Menu({ label, icon, items, side = 'below', hint, worded = true, disabled, opener }: Props) {
  const [open, setOpen] = useState(false)
  const id = useId()
  const place = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  opener?.(() => setOpen(items.length > 0))

  // Before the next key can come, so that a quick one does not miss the menu.
  useLayoutEffect(() => {
    if (!open) return
    place.current?.querySelector<HTMLElement>('[role="menuitem"]')?.focus()
    const outside = (event: Event): void => {
      if (event.target instanceof Node && !place.current?.contains(event.target)) setOpen(false)
    }
    document.addEventListener('pointerdown', outside)
    return () => document.removeEventListener('pointerdown', outside)
  }, [open])

  const leave = (): void => {
    setOpen(false)
    button.current?.focus()
  }
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLDivElement>): void => {
    if (event.key === 'Tab') setOpen(false)
    if (event.key === 'Escape') leave()
    else if (!moveFocus(event.currentTarget, event.key)) return
    event.preventDefault()
    event.stopPropagation()
  }
  return (
    <div class="menu" ref={place}>
      <Button
        small
        buttonRef={button}
        look={worded ? 'quiet' : 'plain'}
        icon={icon}
        popup="menu"
        expanded={open}
        disabled={disabled || items.length === 0}
        {...(open && { controls: id })}
        {...(hint && { hint })}
        onClick={() => setOpen(!open)}
        {...(worded ? { children: label } : { label })}
      />
      {open && (
        <div
          id={id}
          class={`menu__list menu__list--${side}`}
          role="menu"
          aria-label={label}
          onKeyDown={onKeyDown}
        >
          {items.map((item) => (
            <button
              key={item.key}
              type="button"
              role="menuitem"
              class="menu__item"
              tabIndex={-1}
              onClick={() => {
                leave()
                item.onPick()
              }}
            >
              <span>{item.title}</span>
              {item.hint && <span class="menu__hint">{item.hint}</span>}
            </button>
          ))}
        </div>
      )}
    </div>
  )
}

/** Moves the focus among a menu's items. Gives whether the key was one that moves. */
function moveFocus(list: HTMLElement, key: string): boolean {
  const items = [...list.querySelectorAll<HTMLElement>('[role="menuitem"]')]
  const now = items.findIndex((item) => item.matches(':focus'))
  const targets: Record<string, number> = {
    ArrowDown: (now + 1) % items.length,
    ArrowUp: (now - 1 + items.length) % items.length,
    Home: 0,
    End: items.length - 1,
  }
  const target = targets[key]
  if (target === undefined) return false
  items[target]?.focus()
  return true
}
