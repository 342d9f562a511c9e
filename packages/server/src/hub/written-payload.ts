import {
  type BytesPayload,
  fromBase64,
  type Payload,
  type StoredPayload,
  toBase64,
  toStored,
} from '@millrace/protocol'

/** A payload inside JSON: between nodes, and in what the hub keeps for itself. */
export type WrittenPayload =
  | { readonly json: string }
  | { readonly codec: BytesPayload['codec']; readonly base64: string }

export function writePayload(payload: Payload): WrittenPayload {
  const stored = toStored(payload)
  return 'text' in stored ? { json: stored.text } : { codec: stored.codec, base64: toBase64(stored.bytes) }
}

export const readPayload = (written: WrittenPayload): StoredPayload =>
  'json' in written
    ? { codec: 'json', text: written.json }
    : { codec: written.codec, bytes: fromBase64(written.base64) ?? new Uint8Array() }
