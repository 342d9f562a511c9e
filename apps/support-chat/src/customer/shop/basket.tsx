import { Button, Dialog, Icon } from '@millrace/ui'
import { computed, signal } from '@preact/signals'
import type { JSX } from 'preact'
import { counted } from '../../domain/spans.js'
import { inEuro, type Product, productAt } from './catalogue.js'
import { Drawing } from './Drawing.js'

const KEY = 'alder-clay-basket'
const AT_MOST = 20

type Basket = Readonly<Record<string, number>>

/** What was stored, as far as it is a basket of things the shop still sells. */
function storedBasket(): Basket {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}')
    return Object.fromEntries(
      Object.entries(stored ?? {}).filter(
        ([slug, count]) => productAt(slug) && Number.isInteger(count) && count > 0 && count <= AT_MOST,
      ),
    )
  } catch {
    return {}
  }
}

const basket = signal<Basket>(storedBasket())
const shown = signal(false)
const lines = computed(() =>
  Object.entries(basket.value).flatMap(([slug, count]) => {
    const product = productAt(slug)
    return product === undefined ? [] : [{ product, count }]
  }),
)
const items = computed(() => lines.value.reduce((sum, { count }) => sum + count, 0))
const total = computed(() => lines.value.reduce((sum, { product, count }) => sum + product.price * count, 0))

export function put(product: Product, change: number): void {
  const count = Math.min((basket.value[product.slug] ?? 0) + change, AT_MOST)
  const { [product.slug]: _, ...rest } = basket.value
  basket.value = count > 0 ? { ...basket.value, [product.slug]: count } : rest
  try {
    localStorage.setItem(KEY, JSON.stringify(basket.value))
  } catch {
    // Without storage the basket lasts as long as the page.
  }
}

export function BasketButton(): JSX.Element {
  return (
    <>
      <button type="button" class="basket-button" aria-haspopup="dialog" onClick={() => (shown.value = true)}>
        <Icon name="bag" size={20} />
        <span class="basket-button__word">Basket</span>
        <span class="basket-button__count" aria-hidden="true">
          {items.value}
        </span>
        <span class="hidden-visually">{counted(items.value, 'item')}</span>
      </button>
      <BasketDialog />
    </>
  )
}

function BasketDialog(): JSX.Element {
  return (
    <Dialog title="Your basket" open={shown.value} onClose={() => (shown.value = false)}>
      {lines.value.length === 0 ? (
        <p class="basket__empty">Nothing in it yet.</p>
      ) : (
        <>
          <ul class="plain-list basket">
            {lines.value.map(({ product, count }) => (
              <li class="basket__line" key={product.slug}>
                <span class="basket__picture">
                  <Drawing product={product.slug} />
                </span>
                <span class="basket__name">{product.name}</span>
                <span class="basket__count">
                  <Button
                    small
                    look="plain"
                    icon="minus"
                    label={`One ${product.name} less`}
                    onClick={() => put(product, -1)}
                  />
                  <span>{count}</span>
                  <Button
                    small
                    look="plain"
                    icon="plus"
                    label={`One ${product.name} more`}
                    onClick={() => put(product, 1)}
                  />
                </span>
                <span class="basket__price">{inEuro(product.price * count)}</span>
              </li>
            ))}
          </ul>
          <p class="basket__total">
            <span>Total, delivery included</span>
            <strong>{inEuro(total.value)}</strong>
          </p>
          <p class="basket__note">
            This shop is a demonstration: there is nothing to pay and nothing is sent.
          </p>
        </>
      )}
    </Dialog>
  )
}
