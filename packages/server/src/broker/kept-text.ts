import type { StoredPayload } from '@millrace/protocol'
import type { StoredPublication } from '../hub/index.js'

/** Where long texts are kept, if not as strings: in memory of the platform that no collection of garbage moves. [B17] */
export interface TextMemory {
  /** Null where a text is better kept as it is. */
  keep(text: string): KeptText | null
}

/** A text that is kept there. */
export interface KeptText {
  /** Bytes that it takes. */
  readonly size: number
  read(): string
  /** Others may have its memory: it must not be read any more. */
  letGo(): void
}

/** A publication as a stream keeps it. */
export type KeptPublication = Omit<StoredPublication, 'data'> & { readonly data: StoredPayload | KeptText }

/**
 * A copy of its own, also where it could be the same: V8 notices which line of code makes what lives on, and makes all that line's objects where the
 * old ones are. Those that do not live on would hold their texts there until all memory is collected.
 */
export function toKept(publication: StoredPublication, texts: TextMemory | undefined): KeptPublication {
  const { data } = publication
  const text = texts !== undefined && 'text' in data ? texts.keep(data.text) : null
  return { ...publication, data: text ?? { ...data } }
}

/** As it was published; whoever reads it may keep it. */
export const fromKept = (publication: KeptPublication): StoredPublication =>
  isElsewhere(publication.data)
    ? { ...publication, data: { codec: 'json', text: publication.data.read() } }
    : (publication as StoredPublication)

export function letGo({ data }: KeptPublication): void {
  if (isElsewhere(data)) data.letGo()
}

/** What a publication takes beside its payload, about. */
const ENVELOPE = 200

/** About how many bytes a publication takes as long as it is kept. */
export const bytesOf = ({ data }: KeptPublication): number =>
  ENVELOPE + (isElsewhere(data) ? data.size : 'text' in data ? data.text.length : data.bytes.length)

const isElsewhere = (data: KeptPublication['data']): data is KeptText => 'letGo' in data
