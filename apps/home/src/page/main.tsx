import { ThemeToggle } from '@millrace/ui'
import { render } from 'preact'
import { Stage } from './Stage.js'
import { Wheel } from './wheel.js'

function place(id: string): HTMLElement {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`The page has no place '${id}'`)
  return element
}

render(<ThemeToggle />, place('theme'))
render(<Stage wheel={new Wheel()} />, place('wheel'))
