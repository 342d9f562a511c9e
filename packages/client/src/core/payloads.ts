import {
  type Api,
  type ChannelTable,
  type CodecChoice,
  channelTable,
  codecName,
  decodePayload,
  encodePayload,
  type Payload,
  type PayloadCodecs,
  type StoredPayload,
  toStored,
} from '@millrace/protocol'

/** Values to payloads and back, in the codec of their channel or call. Presence and ephemeral messages are always JSON. */
export class Payloads {
  readonly #api: Api | undefined
  readonly #codecs: PayloadCodecs
  readonly #table: ChannelTable | undefined

  constructor(api: Api | undefined, codecs: PayloadCodecs) {
    this.#api = api
    this.#codecs = codecs
    this.#table = api && channelTable(api)
  }

  /** Undefined without an api. Throws `invalid-channel` or `unknown-channel`. */
  ofChannel(name: string): CodecChoice | undefined {
    return this.#table?.resolve(name).definition.codec
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

  #with(choice: CodecChoice | undefined): PayloadCodecs {
    return typeof choice === 'object' ? { ...this.#codecs, [choice.name]: choice } : this.#codecs
  }
}
