/** The opening handshake as the load generator speaks it (RFC 6455 §4.1). */
import { createHash } from 'node:crypto'

/** One key for all: its randomness protects against caches, of which there are none here. */
const KEY = 'bWlsbHJhY2UgYmVuY2ggMQ=='
const ACCEPT = createHash('sha1').update(`${KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
const END = Buffer.from('\r\n\r\n')
const HEAD_MAX = 16_384

export const upgradeRequest = (port: number, path: string, subprotocol?: string): Buffer =>
  Buffer.from(
    [
      `GET ${path} HTTP/1.1`,
      `Host: 127.0.0.1:${port}`,
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Key: ${KEY}`,
      'Sec-WebSocket-Version: 13',
      ...(subprotocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${subprotocol}`]),
      '\r\n',
    ].join('\r\n'),
  )

/** Collects a response head until it is whole. */
export class UpgradeResponse {
  #bytes = Buffer.alloc(0)

  /** Returns where the frames start in `chunk` once the head has ended, else -1. Throws when the server refused. */
  push(chunk: Uint8Array): number {
    const before = this.#bytes.length
    this.#bytes = Buffer.concat([this.#bytes, chunk])
    const end = this.#bytes.indexOf(END)
    if (end < 0) {
      if (this.#bytes.length > HEAD_MAX) throw new Error('The response head has no end')
      return -1
    }
    const head = this.#bytes.toString('latin1', 0, end)
    if (!head.startsWith('HTTP/1.1 101 '))
      throw new Error(`The upgrade was refused: ${head.split('\r\n')[0]}`)
    if (!head.includes(ACCEPT)) throw new Error('The upgrade answer has a wrong Sec-WebSocket-Accept')
    return end + END.length - before
  }
}
