/** What the compiler knows of an application's user. These tests are carried out by the type check; what they run is little. */
import { describe, expectTypeOf, test } from 'vitest'
import { type AuthRequest, createServer, Identity, type MaybePromise, type MillraceServer } from './index.js'

interface Person {
  readonly id: string
  readonly rooms: readonly string[]
}
const person: Person = { id: 'ada', rooms: [] }
const logger = { debug() {}, info() {}, warn() {}, error() {} }

type UserOf<S> = S extends MillraceServer<infer _, infer U> ? U : never

describe('the user of a server is what its auth returns', () => {
  test('be it a user, an identity or null, at once or later', () => {
    const servers = [
      createServer({ logger, auth: () => person }),
      createServer({ logger, auth: async () => person }),
      createServer({ logger, auth: ({ token }) => (token === undefined ? null : person) }),
      createServer({ logger, auth: () => new Identity(person) }),
      createServer({ logger, auth: async () => new Identity(person) }),
      createServer({ logger, auth: ({ token }) => (token === undefined ? null : new Identity(person)) }),
      createServer({
        logger,
        auth: async ({ token }) => (token === undefined ? null : new Identity(person)),
      }),
      createServer({
        logger,
        auth: async ({ token }) =>
          token === undefined ? null : token === 'a' ? person : new Identity(person),
      }),
    ] as const
    expectTypeOf<UserOf<(typeof servers)[number]>>().toEqualTypeOf<Person>()
  })

  test('also where it is a function of a declared type', () => {
    const [identity, either, any] = [
      async (_: AuthRequest): Promise<Identity<Person>> => new Identity(person),
      async (_: AuthRequest): Promise<Identity<Person> | null> => null,
      (_: AuthRequest): MaybePromise<Person | Identity<Person> | null> => null,
    ]
    const servers = [identity, either, any].map((auth) => createServer({ logger, auth }))
    expectTypeOf<UserOf<(typeof servers)[number]>>().toEqualTypeOf<Person>()
    const of = createServer({ logger, auth: identity })
    expectTypeOf<UserOf<typeof of>>().toEqualTypeOf<Person>()
  })

  test('and is known to other options and to hooks', () => {
    const server = createServer({
      logger,
      auth: async ({ token }) => (token === undefined ? null : new Identity(person)),
      subscriptions: ({ user }) => {
        expectTypeOf(user).toEqualTypeOf<Person>()
        return []
      },
    })
    expectTypeOf(server.ticket)
      .parameter(0)
      .toEqualTypeOf<Parameters<MillraceServer<never, Person>['ticket']>[0]>()
    server.on('connect', ({ user }) => expectTypeOf(user).toEqualTypeOf<Person>())
    // @ts-expect-error: a user of this server has rooms.
    void (() => server.ticket({ id: 'ada' }))
    const nobody = createServer({ logger })
    expectTypeOf<UserOf<typeof nobody>>().toEqualTypeOf<undefined>()
  })
})
