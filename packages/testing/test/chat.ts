/** An application under test: an api, and what its server does. */
import type { Gap, Position } from '@millrace/client'
import { call, channel, defineApi, MillraceError, type MillraceServer } from '@millrace/server'
import { z } from 'zod'
import { type Testbed, type TestbedOptions, testbed } from '../src/index.js'

export const api = defineApi({
  channels: {
    'chat:{room}': channel({
      message: z.string(),
      ephemeral: z.object({ typing: z.boolean() }),
      presence: z.object({ name: z.string() }),
      history: { size: 50, ttl: '1h' },
      identify: true,
    }),
    'brief:{room}': channel({ message: z.string(), publish: 'anyone', history: { size: 3, ttl: '1m' } }),
    'inbox:{user}': channel({ message: z.string() }),
  },
  calls: {
    shout: call({ request: z.string(), response: z.string() }),
    blink: call({ request: z.number(), response: z.string(), timeout: '5s' }),
    water: call({ request: z.number(), response: z.number(), timeout: '5s', wait: { ttl: '1h', size: 10 } }),
  },
})

export interface Person {
  readonly id: string
}
export type Bed = Testbed<typeof api, Person>
export type Options = TestbedOptions<typeof api, Person>

/** As an application would in its own file. */
export function setUp(server: MillraceServer<typeof api, Person>): void {
  server.channel('chat:{room}').authorize(({ params }) => params.room !== 'cellar')
  server.handle('shout', ({ request, user }) => {
    if (request === '') throw new MillraceError('invalid-payload', { message: 'Nothing to shout' })
    return `${request.toUpperCase()}, ${user.id}!`
  })
}

const beds: { close(): Promise<void> }[] = []

/** Closes what `make` made, and fails where that does. To be called after each test. */
export async function closeAll(): Promise<void> {
  for (const bed of beds.splice(0).reverse()) await bed.close()
}

export async function make(options: Options = {}): Promise<Bed> {
  const bed = await testbed({
    api,
    auth: ({ token }) => (token === undefined ? null : { id: token }),
    setup: setUp,
    ...options,
  })
  beds.push(bed)
  return bed
}

/** A testbed that the test closes itself. */
export async function loose(options: Options = {}): Promise<Bed> {
  const bed = await make(options)
  beds.splice(beds.indexOf(bed), 1)
  return bed
}

/** What the listeners of a channel are told, in short. */
export function hear(room: {
  on(
    event: 'message',
    listener: (message: string, delivery: { readonly recovered: boolean }) => void,
  ): unknown
  on(event: 'gap', listener: (gap: Gap) => void): unknown
}): string[] {
  const heard: string[] = []
  room.on('message', (message, { recovered }) => heard.push(recovered ? `${message} (recovered)` : message))
  room.on('gap', ({ reason, from, to }) => heard.push(`gap ${reason} ${at(from)}-${at(to)}`))
  return heard
}

const at = (position: Position | undefined): number => position?.offset ?? 0
