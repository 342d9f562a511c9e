/** Reads responses out of the bytes of one HTTP/1.1 connection (RFC 9112): as much of it as servers answer here with. */

export interface ResponseEars {
  /** A response begins. `kept`: seconds for which the server keeps the connection afterwards, where it says so. */
  head(status: number, kept: number | undefined): void
  /** Some of its body; cut wherever the network cut it. */
  body(text: string): void
  /** It is whole. */
  end(): void
}

type Part = 'head' | 'body' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailers'

const BREAK = '\r\n'

export class HttpReader {
  readonly #ears: ResponseEars
  /** What came and does not suffice yet. */
  #text = ''
  #part: Part = 'head'
  /** Characters of the body, or of the chunk, that are still to come. */
  #left = 0

  constructor(ears: ResponseEars) {
    this.#ears = ears
  }

  /** Takes bytes as latin1: all lengths are those of bytes. Throws on what is no such response. */
  push(text: string): void {
    this.#text = this.#text === '' ? text : this.#text + text
    while (this.#text !== '' && this.#step());
  }

  /** Reads one part; false when there is not enough of it. */
  #step(): boolean {
    switch (this.#part) {
      case 'head':
        return this.#head()
      case 'body':
        this.#piece()
        if (this.#left === 0) this.#end()
        return true
      case 'chunk-size':
        return this.#chunkSize()
      case 'chunk':
        this.#piece()
        if (this.#left === 0) this.#part = 'chunk-end'
        return true
      case 'chunk-end':
        if (this.#take(BREAK) === undefined) return false
        this.#part = 'chunk-size'
        return true
      case 'trailers': {
        const line = this.#take(BREAK)
        if (line === '') this.#end()
        return line !== undefined
      }
    }
  }

  #head(): boolean {
    const head = this.#take(BREAK + BREAK)
    if (head === undefined) return false
    const status = /^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
    const isChunked = /\r\ntransfer-encoding: *chunked/i.test(head)
    if (status === undefined || (length === undefined && !isChunked))
      throw new Error(`The server answered with the head ${JSON.stringify(head)}`)
    this.#left = Number(length ?? 0)
    this.#part = isChunked ? 'chunk-size' : 'body'
    const kept = /\r\nkeep-alive:[^\r]*\btimeout=(\d+)/i.exec(head)?.[1]
    this.#ears.head(Number(status), kept === undefined ? undefined : Number(kept))
    if (!isChunked && this.#left === 0) this.#end()
    return true
  }

  #chunkSize(): boolean {
    const line = this.#take(BREAK)
    if (line === undefined) return false
    this.#left = Number.parseInt(line, 16)
    if (Number.isNaN(this.#left)) throw new Error(`The server sent a chunk of size ${JSON.stringify(line)}`)
    this.#part = this.#left === 0 ? 'trailers' : 'chunk'
    return true
  }

  #piece(): void {
    const piece = this.#text.slice(0, this.#left)
    this.#text = this.#text.slice(piece.length)
    this.#left -= piece.length
    this.#ears.body(piece)
  }

  /** Who hears of the end may write the next request. */
  #end(): void {
    this.#part = 'head'
    this.#ears.end()
  }

  /** What comes before the mark, which is gone with it; undefined when the mark has not come. */
  #take(mark: string): string | undefined {
    const at = this.#text.indexOf(mark)
    if (at < 0) return undefined
    const taken = this.#text.slice(0, at)
    this.#text = this.#text.slice(at + mark.length)
    return taken
  }
}
