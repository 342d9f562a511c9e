import {
  type Api,
  type CodecChoice,
  codecName,
  decodeBytes,
  encodePayload,
  type JsonPayload,
  type Member,
  type Payload,
  type PayloadCodecs,
  type Publication,
  type StoredPayload,
} from '@millrace/protocol'
import type { ChannelMember, Delivery } from './types.js'

/** Values to payloads and back, in the codec of their channel or call. Presence and ephemeral messages are always JSON. */
export class Payloads {
  readonly #api: Api | undefined
  readonly #codecs: PayloadCodecs

  constructor(api: Api | undefined, codecs: PayloadCodecs = {}) {
    this.#api = api
    this.#codecs = codecs
  }

  /** The codec the api gives a channel; undefined where it gives none. */
  ofChannel(name: string): CodecChoice | undefined {
    return this.#api?.codecOf(name)
  }

  ofCall(method: string): CodecChoice | undefined {
    return this.#api?.calls[method]?.codec
  }

  /** Written at once, so that a value changed later is sent as it was. Throws `invalid-payload` or `unsupported-codec`. */
  write(value: unknown, choice?: CodecChoice): StoredPayload {
    return encodePayload(value, codecName(choice), this.#with(choice))
  }

  read(payload: Payload, choice?: CodecChoice): unknown {
    // What arrives in JSON is a value already; its text is only for what leaves.
    return 'bytes' in payload ? decodeBytes(payload, this.#with(choice)) : (payload as JsonPayload).value
  }

  member({ session, user, since, data }: Member): ChannelMember {
    return { session, user, since, data: this.read(data) }
  }

  #with(choice: CodecChoice | undefined): PayloadCodecs {
    return typeof choice === 'object' ? { ...this.#codecs, [choice.name]: choice } : this.#codecs
  }
}

/** What is told of a publication beside its message. */
export const deliveryOf = (
  { offset, time, from, id, key, skipped = 0 }: Publication,
  recovered: boolean,
): Delivery => ({
  offset,
  time,
  from,
  id,
  key,
  skipped,
  recovered,
})
