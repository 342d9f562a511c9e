import { signal } from '@preact/signals'
import { render } from 'preact'
import { Announcements } from '../chat/announce.js'
import { currentPage } from './shop/router.js'
import { Shop } from './shop/Shop.js'
import { CustomerSupport } from './widget/support.js'
import { Widget } from './widget/Widget.js'

const support = new CustomerSupport(currentPage)
const open = signal(false)

const page = document.getElementById('page')
if (page === null) throw new Error('The page has no place to render into')
render(
  <>
    <Shop
      onAsk={() => {
        open.value = true
      }}
    />
    <Widget support={support} open={open} />
    <Announcements />
  </>,
  page,
)
