import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { systemSigner } from '../node/platform.js'
import { openSigner } from '../testing/index.js'
import { Tickets } from './tickets.js'

function tickets(secret = 'a secret', signer = systemSigner): Tickets {
  const made = new Tickets(signer)
  made.use(secret)
  return made
}

describe('tickets', () => {
  it.each([
    ['HMAC', systemSigner],
    ['the tests’ own', openSigner],
  ])('[H1.6] %s: say again what was written, to the same user', (_, signer) => {
    const user = fc.option(fc.string(), { nil: undefined })
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.maxSafeNat(), user, (session, generation, name) => {
        const taken = { session, generation }
        const ticket = tickets('x', signer).write(taken, name) ?? ''
        expect(tickets('x', signer).read(ticket, name)).toEqual(taken)
      }),
    )
  })

  it('[H1.6] are worth nothing to another user, or to nodes with another secret', () => {
    const ticket = tickets().write({ session: 's', generation: 3 }, 'ada') ?? ''
    for (const user of ['bob', '', undefined]) expect(tickets().read(ticket, user)).toBeUndefined()
    expect(tickets('another').read(ticket, 'ada')).toBeUndefined()
    const nobodys = tickets().write({ session: 's', generation: 3 }, undefined) ?? ''
    expect(tickets().read(nobodys, '')).toBeUndefined()
  })

  it('[H1.6] cannot be changed or made up', () => {
    const ticket = tickets().write({ session: 'one.two', generation: 3 }, 'ada') ?? ''
    const [code = ''] = ticket.split('.')
    const forged = [
      ...['', '.', '..', '...', 'x', ticket.slice(1), `${ticket}x`, ticket.replace('.3.', '.4.')],
      ...[
        `${code}.3.one`,
        `${code}.03.one.two`,
        `.3.one.two`,
        `${code}.3.`,
        `${code}.9007199254740993.one.two`,
      ],
      ...[`${code}x.3.one.two`, `${code.slice(0, -2)}.3.one.two`],
    ]
    for (const one of forged) expect([one, tickets().read(one, 'ada')?.session]).toEqual([one, undefined])
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(tickets().read(text, 'ada')).toBeUndefined()
      }),
    )
  })

  it('[H1.6] there are none before there is a secret', () => {
    const none = new Tickets(systemSigner)
    expect(none.write({ session: 's', generation: 0 }, undefined)).toBeUndefined()
    expect(
      none.read(tickets('').write({ session: 's', generation: 0 }, undefined) ?? '', undefined),
    ).toBeUndefined()
  })
})
