/**
 * How far somebody has got in a conversation: the publication they last received or read. Time comes first and the
 * offset breaks ties, so that a mark keeps its meaning when the stream starts anew and offsets begin at 1 again.
 */
export interface Mark {
  /** When the publication was stored: milliseconds since 1970. */
  readonly time: number
  readonly offset: number
}

/** What one side of a conversation has received and read. Reading implies having received. */
export interface Receipt {
  readonly delivered: Mark
  readonly read: Mark
}

export const NOTHING: Mark = { time: 0, offset: 0 }
export const NO_RECEIPT: Receipt = { delivered: NOTHING, read: NOTHING }

/** Whether `mark` reaches at least as far as `to`. */
export const reaches = (mark: Mark, to: Mark): boolean =>
  mark.time > to.time || (mark.time === to.time && mark.offset >= to.offset)

const later = (a: Mark, b: Mark): Mark => (reaches(a, b) ? a : b)

/** A receipt never goes back: two devices may report in any order, or an old one late. */
export function advance(
  receipt: Receipt,
  news: { readonly delivered?: Mark | undefined; readonly read?: Mark | undefined },
): Receipt {
  const read = later(receipt.read, news.read ?? NOTHING)
  const delivered = later(later(receipt.delivered, news.delivered ?? NOTHING), read)
  return sameMark(read, receipt.read) && sameMark(delivered, receipt.delivered)
    ? receipt
    : { delivered, read }
}

const sameMark = (a: Mark, b: Mark): boolean => a.time === b.time && a.offset === b.offset
