import { signal } from '@preact/signals'
import type { JSX } from 'preact'
import { Button } from './button.js'
import type { IconName } from './icons.js'

const THEMES = ['system', 'light', 'dark'] as const
type Theme = (typeof THEMES)[number]

const KEY = 'millrace-theme'
const LOOKS = { system: 'contrast', light: 'sun', dark: 'moon' } as const satisfies Record<Theme, IconName>

function storedTheme(): Theme {
  try {
    const stored = localStorage.getItem(KEY)
    return THEMES.find((theme) => theme === stored) ?? 'system'
  } catch {
    return 'system'
  }
}

const theme = signal<Theme>(storedTheme())

function choose(next: Theme): void {
  theme.value = next
  if (next === 'system') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = next
  try {
    localStorage.setItem(KEY, next)
  } catch {
    // Where storage is forbidden the choice lasts as long as the page.
  }
}

/** Goes round: as the system says, light, dark. The label says what is chosen and what a press chooses. */
export function ThemeToggle(): JSX.Element {
  const next = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length] ?? 'system'
  return (
    <Button
      look="plain"
      icon={LOOKS[theme.value]}
      label={`Theme: ${theme.value}. Change to ${next}`}
      onClick={() => choose(next)}
    />
  )
}
