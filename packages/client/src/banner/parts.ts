import { dress } from './style.js'
import type { Words } from './words.js'

/**
 * Fills the element's shadow, once, and gives the function that shows words in it; without words there is nothing to see. Only words
 * change, so that a focused button stays the same button. `pressed`: the button is.
 */
export function fill(root: ShadowRoot, pressed: () => void): (words?: Words) => void {
  // It takes the focus that would be lost with the button.
  const box = make('div', { tabindex: '-1' })
  const title = make('span', { part: 'title' })
  const spoken = make('span', { part: 'note' })
  const silent = make('span', { part: 'note' })
  const button = make('button', { part: 'button', type: 'button' })
  // It is there before it has words, or they would not be read out. Of its words, those are that change.
  const status = make('span', { role: 'status', 'aria-live': 'polite', 'aria-atomic': 'false' })
  const text = make('p', {})
  status.append(title, ' ', spoken)
  text.append(status, ' ', silent)
  box.append(text, button)
  dress(root)
  root.append(box)

  /** Where the focus was before it came to the button. */
  let cameFrom: EventTarget | null = null
  button.onclick = pressed
  button.onfocus = ({ relatedTarget }) => {
    cameFrom = relatedTarget ?? cameFrom
  }
  /** The button goes. If it has the focus, that goes back to where it came from, or stays at this place of the page. */
  const release = (): void => {
    const hasFocus = () => root.activeElement === button
    if (hasFocus() && cameFrom instanceof HTMLElement) cameFrom.focus(STILL)
    if (hasFocus()) box.focus(STILL)
  }
  return ({ kind, title: words = '', note = '', isSpoken, action = '' }: Partial<Words> = {}) => {
    if (action === '') release()
    button.hidden = action === ''
    box.setAttribute('part', kind ? `banner ${kind}` : '')
    write(title, words)
    write(spoken, isSpoken ? note : '')
    write(silent, isSpoken ? '' : note)
    write(button, action)
  }
}

const STILL: FocusOptions = { preventScroll: true }

function make<T extends 'div' | 'p' | 'span' | 'button'>(
  tag: T,
  attributes: { readonly [name: string]: string },
): HTMLElementTagNameMap[T] {
  const element = document.createElement(tag)
  for (const name in attributes) element.setAttribute(name, attributes[name] ?? '')
  return element
}

/** Only what is new is written: what is written is read out. */
function write(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text
}
