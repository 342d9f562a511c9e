import { describe, expect, it } from 'vitest'
import { HttpReader } from './http-reader.js'

/** What a reader tells of text that comes in pieces of `size`. */
function told(text: string, size: number): string[] {
  const said: string[] = []
  let body = ''
  const reader = new HttpReader({
    head: (status, kept) => said.push(`head ${status}${kept === undefined ? '' : `, kept for ${kept} s`}`),
    body(piece) {
      body += piece
    },
    end() {
      said.push(`body ${body}`)
      body = ''
    },
  })
  for (let at = 0; at < text.length; at += size) reader.push(text.slice(at, at + size))
  return said
}

const LENGTH = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\ncontent-length: 5\r\n\r\nhello'
const EMPTY = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'
const CHUNKS =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel\r\n\r\n19\r\n23456789 123456789 123456\r\n0\r\nTrailer: 1\r\n\r\n'
const REFUSED = 'HTTP/1.1 410 Gone\r\nKeep-Alive: max=9, timeout=5\r\nContent-Length: 3\r\n\r\nno\n'

describe('responses of one connection', () => {
  const text = LENGTH + EMPTY + CHUNKS + REFUSED
  const heard = [
    ...['head 200', 'body hello', 'head 200', 'body ', 'head 200'],
    ...['body hel\r\n23456789 123456789 123456', 'head 410, kept for 5 s', 'body no\n'],
  ]

  it('are told apart, whole or however they are cut', () => {
    for (const size of [text.length, 1, 2, 3, 7, 50]) expect(told(text, size)).toEqual(heard)
  })

  it('are told as far as they have come', () => {
    expect(told(LENGTH.slice(0, -1), 1)).toEqual(['head 200'])
    expect(told(CHUNKS.slice(0, 60), 60)).toEqual(['head 200'])
  })

  it('that go on bring what has come', () => {
    const pieces: string[] = []
    const reader = new HttpReader({ head() {}, body: (piece) => pieces.push(piece), end() {} })
    reader.push('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n')
    reader.push('3\r\ntw')
    reader.push('o\r')
    expect(pieces).toEqual(['one', 'tw', 'o'])
  })

  it.each([
    ['no HTTP', 'SSH-2.0\r\n\r\n'],
    ['without a length', 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n'],
    ['with a chunk of no size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n'],
  ])('are an error when they are %s', (_, broken) => {
    expect(() => told(broken, 1000)).toThrow('The server')
  })
})
