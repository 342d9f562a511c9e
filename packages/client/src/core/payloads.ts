import {
  type Api,
  type CodecChoice,
  codecName,
  decodePayload,
  encodePayload,
  type Member,
  type Payload,
  type PayloadCodecs,
  type Publication,
  type StoredPayload,
  toStored,
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
    const { channels = {} } = this.#api ?? {}
    const pattern = Object.keys(channels)
      .sort(byWeight)
      .find((one) => matches(one, name))
    return channels[pattern ?? '']?.codec
  }

  ofCall(method: string): CodecChoice | undefined {
    return this.#api?.calls[method]?.codec
  }

  /** Written at once, so that a value changed later is sent as it was. Throws `invalid-payload` or `unsupported-codec`. */
  write(value: unknown, choice?: CodecChoice): StoredPayload {
    return toStored(encodePayload(value, codecName(choice), this.#with(choice)))
  }

  read(payload: Payload, choice?: CodecChoice): unknown {
    return decodePayload(payload, this.#with(choice))
  }

  member({ session, user, since, data }: Member): ChannelMember {
    return { session, user, since, data: this.read(data) }
  }

  #with(choice: CodecChoice | undefined): PayloadCodecs {
    return typeof choice === 'object' ? { ...this.#codecs, [choice.name]: choice } : this.#codecs
  }
}

/** What is told of a publication beside its message. */
export const deliveryOf = ({ offset, time, from, id }: Publication, recovered: boolean): Delivery => ({
  offset,
  time,
  from,
  id,
  recovered,
})

/** The most literal pattern first, then the one with the fewest parameters [P2.3]. */
const byWeight = (a: string, b: string): number =>
  b.replace(PARAM, '').length - a.replace(PARAM, '').length || a.length - b.length

/** A parameter stands for one segment or a part of it [P2.2]; what else a pattern may hold is literal. */
const matches = (pattern: string, name: string): boolean =>
  new RegExp(`^${pattern.replace(/[.+$()]/g, '\\$&').replace(PARAM, '[^:]+')}$`).test(name)

const PARAM = /\{\w*\}/g
