import type { Base64 } from '@millrace/protocol'

/** By the functions that browsers, workers, Node, Deno and Bun have in common. Piece by piece: calls take only so many arguments. */
export const platformBase64: Base64 = {
  encode: (bytes) => btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), '')),
  decode: (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0)),
}
