import { computed, signal } from '@preact/signals'
import type { ComponentChildren, JSX, TargetedMouseEvent } from 'preact'
import { type Product, productAt } from './catalogue.js'

const HOME = '/support/'

export type Route = { readonly page: 'shelf' } | { readonly page: 'product'; readonly product: Product }

function routeOf(path: string): Route {
  const slug = /^\/support\/products\/([a-z-]+)$/.exec(path)?.[1]
  const product = slug === undefined ? undefined : productAt(slug)
  return product === undefined ? { page: 'shelf' } : { page: 'product', product }
}

const path = signal(location.pathname)
addEventListener('popstate', () => {
  path.value = location.pathname
})

export const route = computed(() => routeOf(path.value))

/** What the agent is told about the page: where, and what it is called. */
export const currentPage = computed(() => {
  const here = route.value
  return here.page === 'product'
    ? { path: productPath(here.product), title: here.product.name }
    : { path: HOME, title: 'All products' }
})

export const shelfPath = HOME
export const productPath = ({ slug }: Product): string => `/support/products/${slug}`

/** Goes to a page of the shop without loading anew, so that the conversation lives on. */
function goTo(target: string): void {
  history.pushState(null, '', target)
  path.value = target
  scrollTo(0, 0)
  document.getElementById('main')?.focus({ preventScroll: true })
}

interface Props {
  readonly to: string
  readonly class?: string
  readonly children: ComponentChildren
}

export function PageLink({ to, class: className, children }: Props): JSX.Element {
  const onClick = (event: TargetedMouseEvent<HTMLAnchorElement>): void => {
    // A press that asks for a new tab or window is the browser's.
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    goTo(to)
  }
  return (
    <a href={to} class={className} onClick={onClick}>
      {children}
    </a>
  )
}
