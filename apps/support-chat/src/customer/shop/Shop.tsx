import { Button, Icon, SkipLink, ThemeToggle } from '@millrace/ui'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { announce } from '../../chat/announce.js'
import { BasketButton, put } from './basket.js'
import { CATALOGUE, inEuro, type Product } from './catalogue.js'
import { Drawing } from './Drawing.js'
import { currentPage, PageLink, productPath, route, shelfPath } from './router.js'

/** The shop around the widget: small, but one can look around, which the agent sees. */
export function Shop({ onAsk }: { readonly onAsk: () => void }): JSX.Element {
  const { title } = currentPage.value
  useEffect(() => {
    document.title = title === 'All products' ? 'Alder & Clay' : `${title} · Alder & Clay`
  }, [title])
  return (
    <div class="shop">
      <SkipLink to="main">Skip to content</SkipLink>
      <p class="demo-strip">
        <span>A demonstration shop for Millrace’s support chat.</span>{' '}
        <a href="/support/desk/" target="_blank" rel="noopener">
          Open the agent’s desk
        </a>
        <span class="demo-strip__more"> in a second window, side by side.</span>
      </p>
      <header class="shop__head">
        <PageLink to={shelfPath} class="wordmark">
          Alder <span aria-hidden="true">&amp;</span>
          <span class="hidden-visually">and</span> Clay
        </PageLink>
        <div class="shop__tools">
          <ThemeToggle />
          <BasketButton />
        </div>
      </header>
      <main id="main" tabIndex={-1} class="shop__main">
        {route.value.page === 'product' ? (
          <ProductPage product={route.value.product} onAsk={onAsk} />
        ) : (
          <Shelf />
        )}
      </main>
      <footer class="shop__foot">
        <p>Delivery in 2 to 4 days, returns within 30.</p>
        <p>
          <a href="/">About Millrace</a>
        </p>
      </footer>
    </div>
  )
}

const Shelf = (): JSX.Element => (
  <>
    <div class="hero">
      <h1>Few things, made to be used every day.</h1>
      <p>Stoneware, wood and light for a calm kitchen, from five small workshops.</p>
    </div>
    <ul class="plain-list shelf">
      {CATALOGUE.map((product) => (
        <li key={product.slug}>
          <PageLink to={productPath(product)} class="card">
            <span class="card__picture">
              <Drawing product={product.slug} />
            </span>
            <span class="card__name">{product.name}</span>
            <span class="card__price">{inEuro(product.price)}</span>
            <span class="card__line">{product.line}</span>
          </PageLink>
        </li>
      ))}
    </ul>
  </>
)

function ProductPage({
  product,
  onAsk,
}: {
  readonly product: Product
  readonly onAsk: () => void
}): JSX.Element {
  return (
    <>
      <nav aria-label="Breadcrumb" class="crumbs">
        <PageLink to={shelfPath}>
          <Icon name="back" size={16} />
          All products
        </PageLink>
      </nav>
      <article class="product">
        <div class="product__picture">
          <Drawing product={product.slug} label={`Drawing of the ${product.name.toLowerCase()}`} />
        </div>
        <div class="product__words">
          <h1>{product.name}</h1>
          <p class="product__price">
            {inEuro(product.price)} <span>delivery included</span>
          </p>
          <p class="product__story">{product.story}</p>
          <ul class="product__facts">
            {product.facts.map((fact) => (
              <li key={fact}>{fact}</li>
            ))}
          </ul>
          <div class="product__actions">
            <Button
              look="primary"
              icon="bag"
              onClick={() => {
                put(product, 1)
                announce(`${product.name} is in the basket`)
              }}
            >
              Add to basket
            </Button>
            <Button icon="chat" onClick={onAsk}>
              Ask about it
            </Button>
          </div>
        </div>
      </article>
    </>
  )
}
