/** The test vectors sent to a live server, frame by frame, over real sockets: what the files say is what a client will meet. */
import { readFileSync } from 'node:fs'
import { codeName } from '@millrace/protocol'
import { createServer } from '@millrace/server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'

interface Envelope {
  readonly id?: number
  readonly [kind: string]: unknown
}
interface CommandVector {
  readonly name: string
  readonly json: string
  readonly command: { readonly id: number; readonly kind: string }
}
interface BadVector {
  readonly name: string
  readonly json?: string
  readonly expect: readonly {
    readonly id: number
    readonly kind?: string
    readonly error?: string
    readonly field?: string
  }[]
}

const vectors = <T>(name: string): T[] =>
  JSON.parse(readFileSync(new URL(`../packages/protocol/vectors/${name}.json`, import.meta.url), 'utf8'))
    .vectors

/** The kind of a reply, by that of its command; null for those that have none. docs/protocol.md section 5. */
const REPLIES: Readonly<Record<string, string | null>> = {
  connect: 'connected',
  subscribe: 'subscribed',
  unsubscribe: 'unsubscribed',
  publish: 'published',
  ephemeral: 'sent',
  history: 'history',
  presence: 'presence',
  enter: 'entered',
  leave: 'left',
  call: 'answered',
  answer: null,
  ping: 'pong',
  pong: null,
  refresh: 'refreshed',
}

const silent = () => {}
const server = createServer({ logger: { debug: silent, info: silent, warn: silent, error: silent } })
let url = ''
beforeAll(async () => {
  const { port } = await server.listen({ port: 0, host: '127.0.0.1' })
  url = `ws://127.0.0.1:${port}/millrace`
})
afterAll(() => server.close())

/**
 * Sends frames on a connection of their own, and gives what came until a last ping was answered and `enough` says so. Then
 * it waits a little, for what should not come.
 */
async function exchange(frames: string[], enough: (received: Envelope[]) => boolean): Promise<Envelope[]> {
  const socket = new WebSocket(url, ['millrace.json'])
  const received: Envelope[] = []
  try {
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
    const done = new Promise<void>((resolve, reject) => {
      socket.on('message', (data) => {
        const parsed: Envelope | Envelope[] = JSON.parse(String(data))
        received.push(...(Array.isArray(parsed) ? parsed : [parsed]))
        if (received.some(({ id }) => id === LAST) && enough(received)) resolve()
      })
      socket.on('close', (code) => reject(new Error(`closed with ${code} after ${JSON.stringify(received)}`)))
    })
    for (const frame of [...frames, `{"id":${LAST},"ping":{}}`]) socket.send(frame)
    await done
    await new Promise((resolve) => setTimeout(resolve, 20))
    return received.filter(({ id }) => id !== LAST)
  } finally {
    socket.removeAllListeners('close')
    socket.terminate()
  }
}

const LAST = 900_719_925_474
const CONNECT_ID = 9_007_199_254_740_990
const CONNECT = `{"id":${CONNECT_ID},"connect":{"version":1}}`
const kindOf = (envelope: Envelope) => Object.keys(envelope).find((key) => key !== 'id')

describe('[P3.4] every command with an id gets exactly one reply, an error or of its kind', () => {
  const commands = vectors<CommandVector>('commands').filter(({ command }) => command.kind !== 'connect')
  test.each(commands)('$name', async ({ json, command }) => {
    const expected = command.id === 0 ? null : (REPLIES[command.kind] ?? null)
    const received = await exchange([CONNECT, '{"subscribe":{"channel":"chat:lobby"}}', json], (all) =>
      expected === null ? true : all.some(({ id }) => id === command.id),
    )
    const replies = received.filter(({ id }) => id === command.id && id !== 0)
    if (expected === null) expect(replies).toEqual([])
    else {
      expect(replies).toHaveLength(1)
      for (const reply of replies) expect([expected, 'error']).toContain(kindOf(reply))
    }
  })

  test('connect included', async () => {
    const [connect] = vectors<CommandVector>('commands').filter(({ command }) => command.kind === 'connect')
    const received = await exchange([connect?.json ?? ''], () => true)
    expect(received.filter(({ id }) => id === 1).map(kindOf)).toEqual(['connected'])
  })
})

describe('[P3.6] bad commands are answered as bad-commands.json says', () => {
  const bad = vectors<BadVector>('bad-commands').filter(({ json }) => json !== undefined)
  test.each(bad)('$name', async ({ json, expect: expected }) => {
    // The reply to connect and the last pong are there beside what is expected.
    const received = await exchange([CONNECT, json ?? ''], (all) => all.length >= expected.length + 2)
    // A ping is not kept waiting by connect [P7.3], so its answer may come before others.
    const byId = (one: { readonly id?: number }, other: { readonly id?: number }) =>
      (one.id ?? 0) - (other.id ?? 0)
    const replies = received.filter(({ id }) => id !== CONNECT_ID).sort(byId)
    expect(
      replies.map((envelope) => {
        const error = envelope['error'] as { readonly code: number; readonly field?: string } | undefined
        const { id = 0 } = envelope
        if (error === undefined) return { id, kind: kindOf(envelope) }
        return {
          id,
          error: codeName(error.code),
          ...(error.field === undefined ? {} : { field: error.field }),
        }
      }),
    ).toEqual(
      expected.map((one) => (one.kind === undefined ? one : { ...one, kind: REPLIES[one.kind] })).sort(byId),
    )
  })
})
