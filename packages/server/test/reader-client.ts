/** A reader over a real socket, that keeps what it is told. */
import { type ClientRequest, type IncomingMessage, request } from 'node:http'

export class ReaderClient {
  text = ''
  response: IncomingMessage | undefined
  hasEnded = false
  readonly #request: ClientRequest

  constructor(url: string, headers: Readonly<Record<string, string>> = {}) {
    this.#request = request(url, { headers, agent: false }, (response) => {
      this.response = response
      response.setEncoding('utf8')
      response.on('data', (text: string) => {
        this.text += text
      })
      response.on('close', () => {
        this.hasEnded = true
      })
    })
    this.#request.on('error', () => {
      this.hasEnded = true
    })
    this.#request.end()
  }

  get status(): number | undefined {
    return this.response?.statusCode
  }

  /** The data of the publications so far. */
  get data(): unknown[] {
    return this.#blocks.flatMap((block) => {
      const data = /^data: (.*)$/m.exec(block)?.[1]
      return data === undefined || block.includes('event:') ? [] : [JSON.parse(data)]
    })
  }

  /** The id it would come back with. */
  get last(): string {
    return this.#blocks.flatMap((block) => /^id: (.*)$/m.exec(block)?.[1] ?? []).at(-1) ?? ''
  }

  get events(): string[] {
    return this.#blocks.flatMap((block) => /^event: (.*)$/m.exec(block)?.[1] ?? [])
  }

  get #blocks(): string[] {
    return this.text.split('\n\n').slice(0, -1)
  }

  /** Reads no more from the socket. */
  stall(): void {
    this.response?.pause()
    this.#request.socket?.pause()
  }

  /** Reads on. */
  resume(): void {
    this.#request.socket?.resume()
    this.response?.resume()
  }

  close(): void {
    this.#request.destroy()
  }
}
