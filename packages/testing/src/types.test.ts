/** What does not compile, and what things are: the compiler checks this file with the rest of the tests. */
import type { Client } from '@millrace/client'
import { call, channel, createServer, defineApi, type MillraceServer } from '@millrace/server'
import { describe, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { type Testbed, testbed } from './index.js'

const api = defineApi({
  channels: { 'chat:{room}': channel({ message: z.object({ text: z.string() }) }) },
  calls: { sum: call({ request: z.array(z.number()), response: z.number() }) },
})
interface User {
  readonly id: string
  readonly isAdmin: boolean
}
declare const bed: Testbed<typeof api, User>

/** Compiled and never run. */
const compiled = (_: () => unknown): void => {}

describe('the types of a testbed', () => {
  it('are those of the server and the client', () => {
    compiled(() => {
      const made = testbed({ api, auth: ({ token }) => ({ id: token ?? '', isAdmin: true }) })
      expectTypeOf(made).resolves.toEqualTypeOf<Testbed<typeof api, { id: string; isAdmin: boolean }>>()
      const server = createServer({ api, auth: ({ token }) => ({ id: token ?? '', isAdmin: true }) })
      expectTypeOf(made.then(({ server }) => server)).resolves.toEqualTypeOf(server)
      expectTypeOf(bed.server).toEqualTypeOf<MillraceServer<typeof api, User>>()
      expectTypeOf(bed.client()).toEqualTypeOf<Client<typeof api>>()
      testbed({ api, setup: (given) => expectTypeOf(given).toEqualTypeOf<MillraceServer<typeof api>>() })
      // @ts-expect-error: the api has no such channel
      bed.client().channel('chats:lobby')
      // @ts-expect-error: messages have a text
      bed.server.publish('chat:lobby', { txt: 'hi' })
      // @ts-expect-error: the api has no such channel
      bed.broker.trim('chats:lobby')
      // @ts-expect-error: where there are no sockets there is no origin
      testbed({ allowedOrigins: '*' })
      // @ts-expect-error: nor a URL
      bed.client({ url: '/millrace' })
      // @ts-expect-error: a unit is missing
      bed.advance('10')
      expectTypeOf(bed.until(bed.client().call('sum', [1]))).resolves.toEqualTypeOf<number>()
      expectTypeOf(bed.until(() => bed.client().user)).resolves.toEqualTypeOf<string | undefined>()
    })
  })
})
