import { MillraceError } from '@millrace/protocol'
import type { Clock, Hub } from '../hub/index.js'
import { errorAnswer, type ReaderAnswer } from './error-answer.js'
import { EventReader, type ReaderStream } from './event-reader.js'
import { pageAnswer } from './page-answer.js'
import { type Page, PageReader } from './page-reader.js'
import type { EventsRequest, PageRequest } from './reader-request.js'

export interface ReadersParts {
  readonly hub: Hub
  readonly clock: Pick<Clock, 'schedule'>
  /** Bytes that may wait for one reader. */
  readonly outbox: number
  /** What stands for a text, of characters that an entity tag may have: the same only for the same text. */
  digest(text: string): string
}

/** A reader, for who carries its request. */
export interface OpenReader {
  /** Its client is gone. */
  gone(): void
}

/** Golden section: multiples of it, without their whole parts, are spread evenly however many there are. */
const SECTION = 0.6180339887498949

/** Who reads channels over plain HTTP, without the SDK. [P9.*] */
export class Readers {
  readonly #parts: ReadersParts
  #turn = 0

  constructor(parts: ReadersParts) {
    this.#parts = parts
  }

  /** Follows a channel: tells the stream what comes, until either ends it. */
  follow(request: EventsRequest, stream: ReaderStream): OpenReader {
    const { hub, outbox } = this.#parts
    return new EventReader({
      ...{ request, stream, outbox },
      accept: (link) => hub.accept(link, request.info),
      spread: (within) => Math.round(within * this.#next()),
    })
  }

  /** Answers with a part of a channel's stream, once, unless the client goes before. */
  page(request: PageRequest, answer: (answer: ReaderAnswer) => void): OpenReader {
    const { hub, clock, digest } = this.#parts
    let isGone = false
    // One connection may ask for a hundred pages at once, and each is written and digested for a millisecond. [H9.4]
    const write = (page: Page): void =>
      hub.turns.soon(() => {
        if (!isGone) answer(pageAnswer(page, { request, isPublic: hub.isPublic(request.channel), digest }))
      })
    const reader = new PageReader({
      ...{ request, clock },
      accept: (link) => hub.accept(link, request.info),
      done: (outcome) => {
        if (outcome instanceof MillraceError) answer(errorAnswer(outcome, request.token !== undefined))
        else write(outcome)
      },
    })
    return {
      gone: () => {
        isGone = true
        reader.gone()
      },
    }
  }

  #next(): number {
    this.#turn = (this.#turn + SECTION) % 1
    return this.#turn
  }
}
