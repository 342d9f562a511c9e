/** Real clients, each behind a network of its own, and a real server: for what must hold whatever is between them. */
import { type Channel, createClient, type Gap } from '@millrace/client'
import { channel, createServer, defineApi, type MillraceServer } from '@millrace/server'
import { WebSocket } from 'ws'
import * as z from 'zod'
import { FaultyNetwork } from '../support/faulty-network.js'

export const api = defineApi({
  channels: {
    'room:{name}': channel({ publish: 'anyone', history: { size: 10_000 }, presence: z.string() }),
    'brief:{name}': channel({ publish: 'anyone', history: { size: 5 } }),
  },
})

/** Fast enough that a dead connection is found within a test's patience. */
export const HEARTBEAT = { heartbeat: 400, patience: 400 }

export async function serve(
  port = 0,
): Promise<{ readonly server: MillraceServer<typeof api>; readonly port: number }> {
  const server = createServer({ api, ...HEARTBEAT, logger: silent })
  const address = await server.listen({ port, host: '127.0.0.1' })
  return { server, port: address.port }
}

const silent = { debug() {}, info() {}, warn() {}, error() {} }

/** Somebody who follows a channel, and what the handlers were told. */
export class Listener {
  readonly messages: unknown[] = []
  readonly gaps: Gap[] = []
  readonly network: FaultyNetwork
  readonly client: ReturnType<typeof createClient<typeof api>>
  readonly room: Channel

  private constructor(network: FaultyNetwork, port: number, options: ListenerOptions) {
    this.network = network
    this.client = createClient<typeof api>({
      url: `ws://127.0.0.1:${port}/millrace`,
      webSocket: WebSocket,
      backoff: { base: 20, cap: 200 },
    })
    this.room = this.client.channel(options.channel ?? 'room:one', options.since && { since: options.since })
    this.room.on('message', (message) => this.messages.push(message))
    this.room.on('gap', (gap) => this.gaps.push(gap))
  }

  static async join(target: number, options: ListenerOptions = {}): Promise<Listener> {
    const network = new FaultyNetwork(target)
    const listener = new Listener(network, await network.listen(), options)
    await listener.room.subscribe()
    return listener
  }

  async leave(): Promise<void> {
    this.client.close()
    await this.network.close()
  }
}

export interface ListenerOptions {
  readonly channel?: 'room:one' | 'brief:one'
  readonly since?: { readonly epoch: string; readonly offset: number }
}

/** Waits for a condition; after twenty seconds, or so many milliseconds, it fails, saying what is so instead. */
export async function until(condition: () => boolean, what: () => unknown, ms = 20_000): Promise<void> {
  const deadline = performance.now() + ms
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited in vain: ${JSON.stringify(what())}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
