import { MillraceError } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { answerOf, readersWorld } from '../../test/readers-world.js'
import { SharedBroker, settle } from '../testing/index.js'

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)
const offsetsOf = ({ page }: ReturnType<typeof answerOf>) => page.publications.map(({ offset }) => offset)
const large = 'x'.repeat(60_000)

describe('a page', () => {
  it('[P9.13] is JSON, with publications as the dialect has them', async () => {
    const w = readersWorld({ authenticate: () => ({ id: 'ann' }) })
    await w.hub.publish('signed:a', { text: 'hi' }, { id: 'one' })
    const { status, headers, body } = await w.read('signed:a')
    expect([status, headers['content-type']]).toEqual([200, 'application/json'])
    expect(body).toBe(
      '{"position":"epoch-1:1","publications":[{"offset":1,"time":1000000,"id":"one","data":{"text":"hi"}}],"more":false}\n',
    )
    await w.hub.publish('bytes:a', Uint8Array.of(1, 2, 255))
    const bytes = await w.read('bytes:a')
    expect(bytes.page.publications).toEqual([{ offset: 1, time: 1e6, codec: 'raw', data: 'AQL/' }])
  })

  it('[P9.13] has what follows a position, or the newest, or those before', async () => {
    const w = readersWorld()
    await w.publish('news:a', 200)
    const read = async (query: string) => {
      const answer = await w.read(`news:a?${query}`)
      return [offsetsOf(answer), answer.page.position, answer.page.more]
    }
    expect(await read('')).toEqual([range(101, 200), 'epoch-1:200', true])
    expect(await read('limit=2')).toEqual([[199, 200], 'epoch-1:200', true])
    expect(await read('before=101&limit=3')).toEqual([[98, 99, 100], 'epoch-1:200', true])
    expect(await read('before=3')).toEqual([[1, 2], 'epoch-1:200', false])
    expect(await read('since=epoch-1:3&limit=2')).toEqual([[4, 5], 'epoch-1:5', true])
    expect(await read('since=epoch-1:198')).toEqual([[199, 200], 'epoch-1:200', false])
    expect(await read('since=epoch-1:198&wait=1s&limit=1')).toEqual([[199], 'epoch-1:199', true])
    expect(await read('since=epoch-1:200')).toEqual([[], 'epoch-1:200', false])
  })

  it('[P9.13] of a channel without publications says where it stands', async () => {
    const w = readersWorld()
    expect((await w.read('news:a')).page).toEqual({ position: 'epoch-1:0', publications: [], more: false })
  })

  it.each(['', '&wait=1s'])('[P9.13] after page brings everything in order and once%s', async (wait) => {
    const w = readersWorld()
    for (let n = 1; n <= 30; n++) await w.hub.publish('news:a', { n, large: n % 3 === 0 ? large : '' })
    const heard: number[] = []
    let position = 'epoch-1:0'
    for (let turn = 0; turn < 30 && heard.length < 30; turn++) {
      const answer = await w.read(`news:a?since=${position}&limit=7${wait}`)
      heard.push(...offsetsOf(answer))
      expect(answer.page.more).toBe(heard.length < 30)
      position = answer.page.position
    }
    expect([heard, position]).toEqual([range(1, 30), 'epoch-1:30'])
  })

  it.each(['', '&wait=1s'])('[P9.13] tells once what is lost%s', async (wait) => {
    const w = readersWorld()
    await w.publish('short:a', 9)
    const first = await w.read(`short:a?since=epoch-1:1&limit=2${wait}`)
    const gap = { from: 'epoch-1:1', to: 'epoch-1:6', reason: 'history-trimmed' }
    expect([first.page.gap, offsetsOf(first), first.page.position]).toEqual([gap, [7, 8], 'epoch-1:8'])
    const second = await w.read(`short:a?since=${first.page.position}${wait}`)
    expect([second.page.gap, offsetsOf(second)]).toEqual([undefined, [9]])
    const other = await w.read(`short:a?since=old:5${wait}`)
    expect([other.page.gap?.reason, offsetsOf(other), other.page.position]).toEqual([
      'epoch-changed',
      [7, 8, 9],
      'epoch-1:9',
    ])
  })

  it('[P9.4] needs history, and waiting subscribe instead', async () => {
    const w = readersWorld()
    let allowed = 'history'
    w.hub.policy.authorize('news:{topic}', ({ action }) => action === allowed)
    await w.publish('news:a', 1)
    const statuses = async () => [
      (await w.read('news:a')).status,
      (await w.read('news:a?since=epoch-1:0')).status,
      (await w.read('news:a?since=epoch-1:0&wait=1s')).status,
    ]
    expect(await statuses()).toEqual([200, 200, 403])
    allowed = 'subscribe'
    expect(await statuses()).toEqual([403, 403, 200])
  })

  it('[P9.5] that cannot be had is an answer with a code', async () => {
    const w = readersWorld({ authenticate: ({ token }) => (token === 'ann' ? { id: 'ann' } : null) })
    const { status, headers, page } = await w.read('news:a', { authorization: 'Bearer eve' })
    expect([status, headers['www-authenticate'], page.code]).toEqual([
      401,
      'Bearer error="invalid_token"',
      105,
    ])
    expect((await w.read('nowhere:a', { authorization: 'Bearer ann' })).status).toBe(404)
    expect(w.hub.size).toBe(0)
  })

  it('[P9.5] a hook may say what and when', async () => {
    const w = readersWorld()
    w.hub.policy.authorize('news:{topic}', () => {
      throw new MillraceError('rate-limited', { message: 'Slow down', retryAfter: 2_500 })
    })
    const { status, headers, page } = await w.read('news:a')
    expect([status, headers['retry-after'], page]).toEqual([
      429,
      '3',
      { code: 203, name: 'rate-limited', message: 'Slow down', retryAfter: 2500 },
    ])
  })
})

describe('[P9.14] waiting', () => {
  it('ends with what comes, and what comes in the same turn goes along', async () => {
    const w = readersWorld()
    await w.publish('news:a', 3)
    const tasks = w.clock.pending
    const page = w.page('news:a?since=epoch-1:3&wait=20s')
    await w.clock.advance(15_000)
    expect(page.answers).toEqual([])
    void w.hub.publish('news:a', { n: 4 })
    void w.hub.publish('news:a', { n: 5 })
    await settle()
    expect([offsetsOf(answerOf(page)), answerOf(page).page.position]).toEqual([[4, 5], 'epoch-1:5'])
    expect(answerOf(page).page.publications[0]).toEqual({ offset: 4, time: 1_015_000, data: { n: 4 } })
    // The channel is left a moment later; of the wait nothing stays.
    await w.clock.advance(1_500)
    expect([w.hub.size, w.hub.readers.size, w.clock.pending - tasks]).toEqual([0, 0, 1])
  })

  it('misses nothing that comes while it begins, at whatever moment', async () => {
    for (let moment = 0; moment < 60; moment++) {
      const w = readersWorld()
      for (let n = 1; n <= 60; n++) await w.hub.publish('prices:x', { symbol: `s${n}`, n })
      await w.publish('news:a', 3)
      const pages = [w.page('news:a?since=epoch-1:3&wait=20s'), w.page('prices:x?since=epoch-1:60&wait=20s')]
      for (let i = 0; i < moment; i++) await Promise.resolve()
      void w.hub.publish('news:a', { n: 4 })
      void w.hub.publish('prices:x', { symbol: 's60', n: 61 })
      await settle()
      await settle()
      expect([moment, ...pages.map((page) => offsetsOf(answerOf(page)))]).toEqual([moment, [4], [61]])
    }
  })

  it('is over in time, with nothing', async () => {
    const w = readersWorld()
    await w.publish('news:a', 3)
    const pages = ['500ms', '20s', '1h'].map((wait) => w.page(`news:a?since=epoch-1:3&wait=${wait}`))
    const answered = () => pages.map(({ answers }) => answers.length)
    await w.clock.advance(499)
    expect(answered()).toEqual([0, 0, 0])
    await w.clock.advance(1)
    expect(answered()).toEqual([1, 0, 0])
    await w.clock.advance(24_499)
    expect(answered()).toEqual([1, 1, 0])
    await w.clock.advance(1)
    expect(pages.map((page) => answerOf(page).page)).toEqual(
      Array(3).fill({ position: 'epoch-1:3', publications: [], more: false }),
    )
    expect(w.hub.size).toBe(0)
  })

  it('does not happen where there is something, or no position', async () => {
    const w = readersWorld()
    await w.publish('news:a', 3)
    expect(offsetsOf(await w.read('news:a?since=epoch-1:2&wait=20s'))).toEqual([3])
    expect(offsetsOf(await w.read('news:a?wait=20s'))).toEqual([1, 2, 3])
    expect(offsetsOf(await w.read('news:empty?wait=20s'))).toEqual([])
  })

  it('brings no more than was asked for, and says that there is more', async () => {
    const w = readersWorld()
    const page = w.page('news:a?since=epoch-1:0&wait=20s&limit=2')
    await settle()
    for (let n = 1; n <= 3; n++) void w.hub.publish('news:a', { n })
    await settle()
    expect(answerOf(page).page).toMatchObject({ position: 'epoch-1:2', more: true })
    expect(offsetsOf(await w.read('news:a?since=epoch-1:2&wait=20s'))).toEqual([3])
  })

  it('ends with a gap where the stream was lost', async () => {
    const shared = new SharedBroker(readersWorld().clock)
    const w = readersWorld({ broker: shared.node(), clock: shared.clock })
    await w.publish('news:a', 3)
    const page = w.page('news:a?since=epoch-1:3&wait=25s')
    await settle()
    shared.wipe()
    await w.publish('news:a', 1)
    await w.clock.advance(6_000)
    const { gap, position, publications } = answerOf(page).page
    const next = await w.read(`news:a?since=${position}`)
    expect([gap?.from, gap?.reason]).toEqual(['epoch-1:3', 'epoch-changed'])
    expect([...publications, ...next.page.publications].map(({ offset }) => offset)).toEqual([1])
  })

  it('ends when the node goes away, the user is disconnected, or the client goes', async () => {
    const w = readersWorld({ authenticate: () => ({ id: 'ann' }) })
    const query = 'news:a?since=epoch-1:0&wait=20s'
    const [out, gone] = [w.page(query), w.page(query)]
    await settle()
    gone.gone()
    await settle()
    for (const session of w.hub.readers.ofUser('ann')) session.close('disconnected', 'Bye')
    const last = w.page(query)
    await settle()
    await w.hub.close(2_000)
    await settle()
    expect([answerOf(out), answerOf(last)].map(({ status, page }) => [status, page.name])).toEqual([
      [403, 'disconnected'],
      [503, 'shutdown'],
    ])
    const late = await w.read(query)
    expect([late.status, late.headers['retry-after'], gone.answers]).toEqual([503, '1', []])
  })

  it('[P9.12] on a state channel brings what changed, and does not bring the state again and again', async () => {
    const w = readersWorld()
    for (let n = 1; n <= 60; n++) await w.hub.publish('prices:x', { symbol: `s${n}`, n })
    // Ten were let go, so who subscribes from here would be told the whole state.
    const page = w.page('prices:x?since=epoch-1:60&wait=20s')
    await settle()
    expect(page.answers).toEqual([])
    await w.hub.publish('prices:x', { symbol: 's60', n: 61 })
    await settle()
    expect(offsetsOf(answerOf(page))).toEqual([61])
    const early = await w.read('prices:x?since=epoch-1:20&limit=10&wait=20s')
    expect([offsetsOf(early), early.page.more, early.page.position]).toEqual([
      range(21, 30),
      true,
      'epoch-1:30',
    ])
  })
})

describe('[P9.15] asking again', () => {
  it('costs no content while nothing has changed', async () => {
    const w = readersWorld()
    await w.publish('short:a', 3)
    const first = await w.read('short:a')
    const tag = first.headers['etag'] ?? ''
    expect(tag).toMatch(/^"[^"\s]+"$/)
    for (const known of [tag, `W/${tag}`, `"x", ${tag}`, '*']) {
      const { status, headers, body } = await w.read('short:a', { 'if-none-match': known })
      expect([status, headers, body]).toEqual([
        304,
        { etag: tag, 'cache-control': first.headers['cache-control'] },
        '',
      ])
    }
    for (const known of ['"x"', tag.slice(1, -1), ''])
      expect((await w.read('short:a', { 'if-none-match': known })).status).toBe(200)
    await w.publish('short:a', 1, 1_000_000)
    expect((await w.read('short:a', { 'if-none-match': tag })).status).toBe(200)
  })

  it('is after authorization', async () => {
    const w = readersWorld({ authenticate: ({ token }) => (token === 'ann' ? { id: 'ann' } : null) })
    const { headers } = await w.read('news:a', { authorization: 'Bearer ann' })
    const again = await w.read('news:a', { 'if-none-match': headers['etag'] })
    expect([again.status, again.headers['cache-control']]).toEqual([401, 'no-store'])
  })
})

describe('[P9.15] [P9.16] who may keep an answer', () => {
  const OWN = 'private, no-cache'
  const SHARED = 'public, max-age=0, s-maxage=1'

  it.each([
    ['it needs a user', { authenticate: () => ({ id: 'ann' }) }, {}, OWN],
    ['it came with a token', {}, { authorization: 'Bearer t' }, OWN],
    ['it came with a cookie', {}, { cookie: 'a=1' }, OWN],
    ['it is for all', {}, {}, SHARED],
  ])('when %s', async (_, options, headers, expected) => {
    const w = readersWorld(options)
    expect((await w.read('news:a', headers)).headers['cache-control']).toBe(expected)
  })

  it('when a hook decides, only who asked', async () => {
    const w = readersWorld()
    w.hub.policy.authorize('news:{topic}', () => true)
    expect((await w.read('news:a')).headers['cache-control']).toBe(OWN)
    expect((await w.read('short:a')).headers['cache-control']).toBe(SHARED)
  })

  it('what waited in vain is asked anew, or those who wait would ask without end', async () => {
    const w = readersWorld()
    const [idle, busy] = [w.page('news:a?since=epoch-1:0&wait=5s'), w.page('news:b?since=epoch-1:0&wait=5s')]
    await settle()
    await w.publish('news:b', 1)
    await w.clock.advance(5_000)
    expect([idle, busy].map((page) => answerOf(page).headers['cache-control'])).toEqual([
      'public, no-cache',
      SHARED,
    ])
  })
})
