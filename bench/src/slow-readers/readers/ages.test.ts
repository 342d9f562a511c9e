import { expect, it } from 'vitest'
import { Ages } from './ages.js'

const message = (key: string, n: number, at: number) => ({ key, n, at })

it('are those of what is shown: the time since something newer was published', () => {
  const ages = new Ages()
  ages.published(message('a', 1, 100))
  ages.look(150)
  ages.shows(message('a', 1, 100))
  ages.look(200)
  ages.published(message('a', 2, 300))
  ages.published(message('b', 3, 310))
  ages.published(message('a', 4, 320))
  ages.look(330)
  expect(ages.behind).toBe(2)
  // A newer one takes the place of both.
  ages.shows(message('a', 4, 320))
  ages.look(400)
  expect(ages.behind).toBe(1)
  expect(ages.quantiles()).toMatchObject({ count: 6, max: 90 })
})

it('are none of nothing', () => {
  expect([new Ages().quantiles(), new Ages().behind]).toEqual([undefined, 0])
})
