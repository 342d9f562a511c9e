/** A hub, and readers of it without sockets: what they are told is text. */
import { channel, defineApi, type MillraceError } from '@millrace/protocol'
import type { HubOptions } from '../src/hub/index.js'
import {
  type Asked,
  type ReaderAnswer,
  type ReaderStream,
  Readers,
  readEventsRequest,
  readPageRequest,
} from '../src/readers/index.js'
import { settle, testHub } from '../src/testing/index.js'

export const api = defineApi({
  channels: {
    'news:{topic}': channel({ publish: 'anyone', history: { size: 1000, ttl: '1h' } }),
    'short:{topic}': channel({ history: { size: 3, ttl: '1h' } }),
    'live:{topic}': channel({ history: { size: 0 } }),
    'bytes:{topic}': channel({ codec: 'raw' }),
    'signed:{topic}': channel({ publish: 'anyone', identify: true }),
    'prices:{market}': channel({ conflate: 'symbol', history: { size: 50 } }),
  },
})

/** What a reader is told, and a network that takes it when told to, or at once. */
export class TestStream implements ReaderStream {
  text = ''
  state: 'open' | 'ended' | 'cut' = 'open'
  answer: ReaderAnswer | undefined
  buffered = 0
  /** Whether everything is taken at once. */
  isQuick = true
  readonly #waiting: (() => void)[] = []

  refuse(answer: ReaderAnswer): void {
    this.answer = answer
  }
  write(events: string, taken?: () => void): void {
    this.text += events
    this.buffered += events.length
    this.#waiting.push(() => {
      this.buffered -= events.length
      taken?.()
    })
    if (this.isQuick) this.take()
  }
  /** The network takes what was written: all, or so many of the writes. */
  take(writes = Number.POSITIVE_INFINITY): void {
    for (const one of this.#waiting.splice(0, writes)) one()
  }
  end(): void {
    this.state = 'ended'
  }
  cut(): void {
    this.state = 'cut'
  }

  /** The events that were told and not asked for yet: those without data by their id alone. */
  events(): TestEvent[] {
    const blocks = this.text.split('\n\n').slice(0, -1)
    this.text = ''
    return blocks.filter((block) => !block.startsWith(':')).map(readBlock)
  }
}

export interface TestEvent {
  readonly [field: string]: string
}

const readBlock = (block: string): TestEvent =>
  Object.fromEntries(
    block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.replace(/^\w*: ?/, '')]),
  )

export function readersWorld(options: Partial<HubOptions> = {}, outbox = 1_048_576) {
  const { hub, clock } = testHub({ api, ...options })
  const readers = new Readers({ hub, clock, outbox, digest: (text) => `#${text.length}` })
  const info = (headers: Asked['info']['headers']) => ({ headers, remoteAddress: '192.0.2.1' })
  const asked = (target: string, headers: Asked['info']['headers']): Asked => {
    const [name = '', query = ''] = target.split('?')
    return { channel: name, query: [...new URLSearchParams(query)], info: info(headers) }
  }
  return {
    hub,
    clock,
    /** `target`: the channel and the query. */
    follow(target: string, headers: Asked['info']['headers'] = {}, stream = new TestStream()) {
      const reader = readers.follow(readEventsRequest(asked(target, headers)), stream)
      return Object.assign(stream, { gone: () => reader.gone() })
    },
    page(target: string, headers: Asked['info']['headers'] = {}) {
      const page: TestPage = { answers: [], gone: () => reader.gone() }
      const reader = readers.page(readPageRequest(asked(target, headers)), (answer) =>
        page.answers.push(answer),
      )
      return page
    },
    async read(target: string, headers: Asked['info']['headers'] = {}) {
      const page = this.page(target, headers)
      await settle()
      // Where many were read before, this one had to wait for its turn.
      await clock.advance(0)
      return answerOf(page)
    },
    /** Publishes this many, numbered from `first` on. */
    async publish(channel: string, count: number, first = 1) {
      for (let n = first; n < first + count; n++) await hub.publish(channel, { n })
      await settle()
    },
  }
}

export interface TestPage {
  readonly answers: ReaderAnswer[]
  gone(): void
}

export interface PageBody {
  readonly position: string
  readonly gap?: { readonly from?: string; readonly to: string; readonly reason: string }
  readonly publications: readonly { readonly offset: number; readonly data: { readonly n: number } }[]
  readonly more: boolean
}

/** The one answer there is. */
export function answerOf({
  answers,
}: TestPage): ReaderAnswer & { readonly page: PageBody & Partial<MillraceError> } {
  const [answer, ...others] = answers
  if (answer === undefined || others.length > 0) throw new Error(`${answers.length} answers`)
  return { ...answer, page: answer.body === '' ? {} : JSON.parse(answer.body) }
}

/** Of the publications that it was given. */
export const offsets = (stream: TestStream): number[] =>
  stream
    .events()
    .filter(({ id, data, event }) => id !== undefined && data !== undefined && event === undefined)
    .map(({ id = '' }) => Number(id.split(':')[1]))
export const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)
