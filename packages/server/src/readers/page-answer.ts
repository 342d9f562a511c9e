import { jsonDialect, type Publication } from '@millrace/protocol'
import { JSON_TYPE, type ReaderAnswer } from './error-answer.js'
import { gapText } from './event-text.js'
import type { Page } from './page-reader.js'
import { writePosition } from './position-text.js'
import { headerOf, type PageRequest } from './reader-request.js'

export interface Answering {
  readonly request: PageRequest
  /** Whether every reader there could be would be told the same. */
  readonly isPublic: boolean
  /** What stands for a text: the same only for the same text. */
  digest(text: string): string
}

/**
 * Whoever keeps it asks whether it is still so before it is used again. Nobody but the reader's own cache may keep it: what
 * one user may read another may not. RFC 9111 §5.2.2.
 */
const OWN = 'private, no-cache'
/** A cache that many share may answer them all for a second, and asks once for all of them. */
const SHARED = 'public, max-age=0, s-maxage=1'
/** Nothing came: kept for a second it would make those who wait ask again and again. */
const NOTHING = 'public, no-cache'

/** A page for who asked for it. [P9.15] [P9.16] */
export function pageAnswer(page: Page, answering: Answering): ReaderAnswer {
  const { request, digest } = answering
  const body = pageText(page)
  const etag = `"${digest(body)}"`
  const headers = { etag, 'cache-control': cacheControl(page, answering) }
  if (isKnown(etag, headerOf(request.info, 'if-none-match'))) return { status: 304, headers, body: '' }
  return { status: 200, headers: { 'content-type': JSON_TYPE, ...headers }, body }
}

const pageText = ({ position, gap, publications, more }: Page): string =>
  `{"position":${JSON.stringify(writePosition(position))},${gap === undefined ? '' : `"gap":${gapText(gap)},`}` +
  `"publications":[${publications.map(publicationText).join()}],"more":${more}}\n`

const ENVELOPE = '{"publication":'.length

/** As the JSON dialect has it in a list, whatever belongs to it. [P3.7] */
const publicationText = (publication: Publication): string =>
  jsonDialect
    .encodeMessage({ id: 0, kind: 'publication', body: { ...publication, channel: undefined } as never })
    .slice(ENVELOPE, -1)

/**
 * Where a request says who it is from, somebody may have looked at that, if only a proxy: then its answer is not for
 * others, however open the channel is here.
 */
function cacheControl({ gap, publications }: Page, { isPublic, request: { info, wait } }: Answering): string {
  if (!isPublic || headerOf(info, 'authorization') !== undefined || headerOf(info, 'cookie') !== undefined)
    return OWN
  return wait > 0 && gap === undefined && publications.length === 0 ? NOTHING : SHARED
}

/** RFC 9110 §13.1.2, by weak comparison: what compresses an answer on its way weakens its tag. */
function isKnown(etag: string, known: string | undefined): boolean {
  if (known === undefined) return false
  return known.split(',').some((one) => ['*', etag, `W/${etag}`].includes(one.trim()))
}
