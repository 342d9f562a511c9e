import type { ComponentChildren, JSX, Ref, TargetedMouseEvent } from 'preact'
import { Icon, type IconName } from './icons.js'

interface Common {
  readonly look?: 'primary' | 'quiet' | 'plain' | 'danger'
  readonly small?: boolean
  readonly icon?: IconName
  readonly disabled?: boolean
  readonly type?: 'button' | 'submit'
  readonly id?: string
  readonly class?: string
  /** Shown as the browser's hint; for a shortcut, say. */
  readonly hint?: string
  readonly onClick?: (event: TargetedMouseEvent<HTMLButtonElement>) => void
  readonly expanded?: boolean
  readonly controls?: string
  readonly popup?: 'menu' | 'dialog'
  readonly buttonRef?: Ref<HTMLButtonElement>
}

/** Either words, with or without an icon, or an icon alone with a label for who cannot see it. */
type Props = Common &
  (
    | { readonly children: ComponentChildren; readonly label?: string }
    | { readonly children?: undefined; readonly label: string }
  )

export function Button(props: Props): JSX.Element {
  const { look = 'quiet', small = false, icon, children, label, hint } = props
  const alone = children === undefined
  const classes = [
    'button',
    `button--${look}`,
    small && 'button--small',
    alone && 'button--icon',
    props.class,
  ]
  return (
    <button
      {...(props.buttonRef && { ref: props.buttonRef })}
      id={props.id}
      type={props.type ?? 'button'}
      class={classes.filter(Boolean).join(' ')}
      disabled={props.disabled}
      onClick={props.onClick}
      aria-label={label}
      title={hint ?? (alone ? label : undefined)}
      aria-expanded={props.expanded}
      aria-controls={props.controls}
      aria-haspopup={props.popup}
    >
      {icon && <Icon name={icon} size={small ? 16 : 18} />}
      {children}
    </button>
  )
}
