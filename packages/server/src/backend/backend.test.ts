import { createHmac } from 'node:crypto'
import { MillraceError } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { FakeBackend, type FakeRequest, SECRET, told, URL_OF_BACKEND } from '../../test/fake-backend.js'
import { settle } from '../testing/index.js'
import { Backend, Unreadable } from './backend.js'
import { type BackendOptions, isOpenToAll, resolveBackend } from './options.js'
import type { PostAnswer } from './ports.js'

/** Reads 200 as what it says, 403 as a refusal, and understands nothing else. */
function read({ status, text = '' }: PostAnswer): string {
  if (status === 403) throw new MillraceError('forbidden')
  if (status === 200) return text
  throw new Unreadable(`status ${status}`)
}

function world(options: Partial<BackendOptions> = {}) {
  const fake = new FakeBackend()
  const backend = new Backend(
    resolveBackend({ url: URL_OF_BACKEND, secret: SECRET, ...options }, 'httpAuth()'),
    fake.ports,
  )
  const ask = (question = 'q') => told(backend.ask(question, read))
  const advance = (ms: number) => fake.clock.advance(ms)
  return { fake, ask, advance, clock: fake.clock, requests: fake.requests }
}

const UNAVAILABLE = { error: expect.objectContaining({ kind: 'unavailable' }) }
const OK = { value: 'yes' }

/** Ways in which a try fails that another may not. */
const PASSING: readonly (readonly [string, (request: FakeRequest) => void])[] = [
  ['the connection breaks', (request) => request.breakOff()],
  ...[429, 502, 503, 504].map(
    (status) => [`the status is ${status}`, (request: FakeRequest) => request.answer(status)] as const,
  ),
]

describe('a question', () => {
  it('is one signed POST, and its answer is what is read of it', async () => {
    const { fake, ask, advance, requests, clock } = world()
    fake.answers(200, 'yes')
    const said = ask('{"token":"t"}')
    await advance(0)
    expect(said).toEqual(OK)
    expect(requests).toHaveLength(1)
    const { url, headers, body } = (requests[0] as FakeRequest).request
    expect([url, body]).toEqual([URL_OF_BACKEND, '{"token":"t"}'])
    const { 'webhook-id': id, 'webhook-timestamp': timestamp } = headers
    expect(timestamp).toBe(String(clock.now() / 1000))
    const code = createHmac('sha256', Buffer.from(SECRET.slice(6), 'base64'))
    expect(headers['webhook-signature']).toBe(
      `v1,${code.update(`${id}.${timestamp}.${body}`).digest('base64')}`,
    )
    expect(clock.pending).toBe(0)
  })

  it('that is refused is answered: nothing is tried again, and nothing logged', async () => {
    const { fake, ask, advance, requests } = world()
    fake.answers(403)
    const said = ask()
    await advance(0)
    expect(said.error).toMatchObject({ kind: 'forbidden' })
    expect(requests).toHaveLength(1)
    expect(fake.log).toEqual([])
  })

  it.each(PASSING)('is asked again when %s, under the same name and with a new time', async (_, fail) => {
    const { fake, ask, advance, requests, clock } = world()
    fake.handler = (request) => (requests.length < 3 ? fail(request) : request.answer(200, 'yes'))
    const said = ask()
    await advance(2_000)
    expect(said).toEqual(OK)
    expect(requests).toHaveLength(3)
    expect(new Set(requests.map(({ request }) => request.headers['webhook-id'])).size).toBe(1)
    for (const { request, at } of requests)
      expect(request.headers['webhook-timestamp']).toBe(String(Math.floor(at / 1000)))
    expect(fake.log).toEqual([])
    expect(clock.pending).toBe(0)
  })

  it.each([200, 301, 400, 404, 500])('is not asked again for a bad answer of status %i', async (status) => {
    const { fake, ask, advance, requests } = world()
    if (status === 200) fake.handler = (request) => request.answerTooMuch()
    else fake.answers(status)
    const said = ask()
    await advance(8_000)
    expect(said).toEqual(UNAVAILABLE)
    expect(requests).toHaveLength(1)
  })

  it('waits longer each time, at random between half and whole', async () => {
    for (const [chance, pauses] of [
      [0, [100, 200, 400]],
      [0.5, [150, 300, 600]],
    ] as const) {
      const { fake, ask, advance, requests } = world({ retries: 3 })
      fake.chance = chance
      fake.answers(503)
      const said = ask()
      await advance(5_000)
      expect(said).toEqual(UNAVAILABLE)
      const times = requests.map(({ at }) => at)
      expect(times.slice(1).map((at, index) => at - (times[index] ?? 0))).toEqual(pauses)
    }
  })

  it('waits as long as the backend asks for', async () => {
    const { fake, ask, advance, requests } = world()
    fake.handler = (request) =>
      requests.length === 1 ? request.answer(429, '', 2_000) : request.answer(200, 'yes')
    const said = ask()
    await advance(1_999)
    expect(requests).toHaveLength(1)
    await advance(1)
    expect(said).toEqual(OK)
  })

  it('is given up at once when that is longer than there is time, and the client is told a time to come back', async () => {
    const { fake, ask, advance, requests } = world()
    fake.chance = 0.5
    fake.answers(503, '', 20_000)
    const said = ask()
    await advance(0)
    // Not all at the same time.
    expect(said.error).toMatchObject({ kind: 'unavailable', retryAfter: 30_000 })
    fake.answers(503, '', 86_400_000)
    const later = ask()
    await advance(0)
    expect(later.error).toMatchObject({ kind: 'unavailable', retryAfter: 60_000 })
    expect(requests).toHaveLength(2)
  })
})

describe('a backend that hangs', () => {
  it('has so long for each try, and so long for all', async () => {
    const { ask, advance, requests, clock } = world({ timeout: '3s', deadline: '8s', retries: 5 })
    const said = ask()
    await advance(2_999)
    expect(requests.map(({ isCancelled }) => isCancelled)).toEqual([false])
    await advance(1)
    expect(requests.map(({ isCancelled }) => isCancelled)).toEqual([true])
    await advance(4_999)
    expect(said).toEqual({})
    expect(requests.map(({ isCancelled }) => isCancelled)).toEqual([true, true, false])
    await advance(1)
    expect(said).toEqual(UNAVAILABLE)
    expect(requests.map(({ isCancelled }) => isCancelled)).toEqual([true, true, true])
    expect(clock.pending).toBe(0)
  })

  it('answers too late for nobody', async () => {
    const { ask, advance, requests } = world({ retries: 0 })
    const said = ask()
    await advance(3_000)
    expect(said).toEqual(UNAVAILABLE)
    requests[0]?.answer(200, 'yes')
    await settle()
    expect(said).toEqual(UNAVAILABLE)
  })

  it('is given up also while the next try waits', async () => {
    const { fake, ask, advance, requests, clock } = world({ deadline: 1_000, retries: 9 })
    fake.answers(503)
    const said = ask()
    await advance(1_000)
    expect(said).toEqual(UNAVAILABLE)
    const asked = requests.length
    await advance(10_000)
    expect(requests).toHaveLength(asked)
    expect(clock.pending).toBe(0)
  })
})

describe('many questions', () => {
  it('go so many at a time, in order; so many wait, and the rest is answered at once', async () => {
    const { fake, ask, advance, requests } = world({ concurrency: 2, queue: 2 })
    const all = ['a', 'b', 'c', 'd', 'e'].map((question) => ask(question))
    await advance(0)
    expect(requests.map(({ request }) => request.body)).toEqual(['a', 'b'])
    expect(all).toEqual([{}, {}, {}, {}, UNAVAILABLE])
    requests[1]?.answer(200, 'yes')
    await advance(0)
    expect(requests.map(({ request }) => request.body)).toEqual(['a', 'b', 'c'])
    fake.answers(200, 'yes')
    requests[0]?.answer(200, 'yes')
    requests[2]?.answer(200, 'yes')
    await advance(0)
    expect(all).toEqual([OK, OK, OK, OK, UNAVAILABLE])
    expect(fake.log).toEqual([
      expect.stringContaining('2 questions wait already'),
      expect.stringContaining('the backend answers again'),
    ])
  })

  it('wait no longer than their deadline, and leave the queue then', async () => {
    const { fake, ask, advance, requests, clock } = world({
      ...{ concurrency: 1, queue: 1, timeout: 5_000, deadline: 5_000, retries: 0 },
    })
    const first = ask('first')
    await advance(1_000)
    const second = ask('second')
    await advance(3_000)
    requests[0]?.answer(200, 'yes')
    await advance(0)
    expect(requests).toHaveLength(2)
    const third = ask('third')
    await advance(2_000)
    // The second had three of its five seconds in the queue, and two on its way.
    expect([first, second, third]).toEqual([OK, UNAVAILABLE, {}])
    expect(requests[1]?.isCancelled).toBe(true)
    const fourth = ask('fourth')
    fake.answers(200, 'yes')
    await advance(3_000)
    expect([third, fourth]).toEqual([UNAVAILABLE, OK])
    expect(clock.pending).toBe(0)
  })

  it('leave room for others while they wait for their next try', async () => {
    const { fake, ask, advance, requests } = world({ concurrency: 1 })
    fake.handler = (request) =>
      request.request.body === 'a' && requests.length === 1 ? request.answer(503) : request.answer(200, 'yes')
    const a = ask('a')
    const b = ask('b')
    await advance(0)
    expect([a, b]).toEqual([{}, OK])
    await advance(200)
    expect(a).toEqual(OK)
    expect(requests.map(({ request }) => request.body)).toEqual(['a', 'b', 'a'])
  })
})

describe('a backend that fails again and again', () => {
  const settings = { failures: 3, pause: '5s', retries: 0, concurrency: 1 } as const

  /** One that has failed so often that it is not asked. */
  async function stopped() {
    const all = world(settings)
    const { fake, ask, advance } = all
    fake.handler = (request) => request.breakOff()
    for (let i = 0; i < 3; i++) {
      ask()
      await advance(0)
    }
    return all
  }

  it('is not asked for a while, and clients are told when to come back', async () => {
    const { fake, ask, advance, requests } = await stopped()
    await advance(2_000)
    fake.chance = 0.5
    const said = ask()
    await settle()
    expect(requests).toHaveLength(3)
    expect(said.error).toMatchObject({ kind: 'unavailable', retryAfter: 4_500 })
  })

  it('is then asked one thing at a time, until it answers', async () => {
    const { fake, ask, advance, requests } = await stopped()
    await advance(5_000)
    fake.handler = () => {}
    const trial = ask()
    await settle()
    // It is not to wait for the trial, which has the only place.
    const other = ask()
    await settle()
    expect(requests).toHaveLength(4)
    expect([trial, other]).toEqual([{}, UNAVAILABLE])
    requests[3]?.answer(504)
    await settle()
    expect(trial).toEqual(UNAVAILABLE)
    await advance(4_999)
    ask()
    await settle()
    expect(requests).toHaveLength(4)
    await advance(1)
    fake.answers(200, 'yes')
    const again = ask()
    await settle()
    expect(again).toEqual(OK)
    const after = [ask(), ask(), ask()]
    await settle()
    expect(after).toEqual([OK, OK, OK])
    expect(requests).toHaveLength(8)
  })

  it('is tried again when the trial ended without saying anything', async () => {
    const { fake, ask, advance, requests } = world({ ...settings, timeout: '9s', deadline: '1s' })
    fake.handler = (request) => request.breakOff()
    for (let i = 0; i < 3; i++) {
      ask()
      await advance(0)
    }
    await advance(5_000)
    fake.handler = () => {}
    const trial = ask()
    await advance(1_000)
    expect(trial).toEqual(UNAVAILABLE)
    fake.answers(200, 'yes')
    const said = ask()
    await settle()
    expect(said).toEqual(OK)
    expect(requests).toHaveLength(5)
  })

  it('is asked on when in between it answers, or says something that makes no sense', async () => {
    const { fake, ask, advance, requests } = world(settings)
    fake.handler = (request) => (requests.length % 3 === 0 ? request.answer(500) : request.answer(502))
    for (let i = 0; i < 20; i++) {
      ask()
      await advance(0)
    }
    expect(requests).toHaveLength(20)
    fake.answers(429)
    for (let i = 0; i < 20; i++) {
      ask()
      await advance(0)
    }
    expect(requests).toHaveLength(40)
  })

  it('lets nobody wait whose turn comes after it was found out', async () => {
    const { fake, ask, advance, requests } = world(settings)
    fake.handler = (request) => request.breakOff()
    const all = Array.from({ length: 10 }, () => ask())
    await advance(0)
    expect(all).toEqual(Array(10).fill(UNAVAILABLE))
    expect(requests).toHaveLength(3)
  })
})

describe('the log', () => {
  it('has a line each ten seconds, with how many questions that is of', async () => {
    const { fake, ask, advance } = world({ retries: 0, failures: 1_000 })
    fake.answers(500)
    for (let i = 0; i < 100; i++) {
      ask('a secret token')
      await advance(200)
    }
    expect(fake.log).toEqual(
      [1, 50].map(
        (questions) =>
          `warn: the backend gave no answer that can be used: nobody is let in by it ${JSON.stringify({
            ...{ url: URL_OF_BACKEND, reason: 'status 500', questions },
          })}`,
      ),
    )
    fake.answers(200, 'yes')
    ask()
    ask()
    await advance(0)
    expect(fake.log.slice(2)).toEqual([`info: the backend answers again {"url":"${URL_OF_BACKEND}"}`])
  })

  it('has nothing of a URL behind its path', async () => {
    const { fake, ask, advance } = world({ url: `${URL_OF_BACKEND}?key=hidden#hidden` })
    fake.answers(500)
    ask()
    await advance(0)
    expect(fake.requests[0]?.request.url).toContain('?key=hidden')
    expect(fake.log.join()).toContain(URL_OF_BACKEND)
    expect(fake.log.join()).not.toContain('hidden')
  })
})

describe('options', () => {
  it.each<[Partial<BackendOptions>, string]>([
    [{ url: 'not a url' }, "url must be one like 'https://"],
    [{ url: 'ftp://backend.example' }, "url must be one like 'https://"],
    [{ url: 'https://me:hidden@backend.example' }, 'url must have no name and password'],
    [{ secret: 'hidden' }, "secret must be 'whsec_'"],
    [{ timeout: 0 }, 'timeout must be at least 1 ms'],
    [{ deadline: 'soon' as never }, 'deadline must be milliseconds'],
    [{ retries: -1 }, 'retries must be a whole number of at least 0, not -1'],
    [{ concurrency: 0 }, 'concurrency must be a whole number of at least 1, not 0'],
    [{ queue: 1.5 }, 'queue must be'],
    [{ failures: Number.NaN }, 'failures must be'],
    [{ maxAnswer: 0 }, 'maxAnswer must be'],
  ])('%o says what is wrong', (options, message) => {
    const make = () => world(options)
    expect(make).toThrow(TypeError)
    expect(make).toThrow(`httpAuth(): ${message}`)
    expect(make).not.toThrow('hidden')
  })

  it.each([
    ['https://backend.example', false],
    ['http://backend.example', true],
    ['http://10.0.0.7:8080', true],
    ['http://127.0.0.1:8080', false],
    ['http://127.example', true],
    ['http://[::1]:8080', false],
    ['http://localhost', false],
    ['http://localhost.example', true],
  ])('%s can be read on its way: %s', (url, is) => {
    expect(isOpenToAll(url)).toBe(is)
  })
})
