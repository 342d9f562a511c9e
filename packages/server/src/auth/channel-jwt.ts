import { MillraceError } from '@millrace/protocol'
import { ACTIONS, type Action, type ChannelGrant, isCovered, type ReadChannelToken } from '../hub/index.js'
import { checkClaims, refused } from './claims.js'
import { type JwtClaimOptions, type JwtKeys, type JwtPorts, openerOf, rulesOf } from './jwt.js'

export interface ChannelJwtOptions extends JwtKeys, JwtClaimOptions {}

/** What a token grants that does not say what: to follow the channel, with what was and who is there. */
const FOLLOWS: readonly Action[] = ['subscribe', 'history', 'presence']

/** Reads tokens of channels that are JSON Web Tokens. Throws a TypeError for options that make no sense. */
export function createChannelJwt(options: ChannelJwtOptions, ports: JwtPorts): ReadChannelToken {
  const rules = rulesOf(options)
  const open = openerOf(options, ports)
  const grant: ReadChannelToken = async ({ token, channel, user }) => {
    const { channel: named, sub, actions, exp = 0, iat } = checkClaims(await open(token), rules, ports.now())
    if (typeof named !== 'string') throw refused('The token names no channel')
    if (!isCovered(named, channel)) throw refused(`The token is for '${named}', not for '${channel}'`)
    if (sub !== undefined && sub !== user?.id) throw refused('The token is another user’s')
    const issued = typeof iat === 'number' ? iat * 1000 : undefined
    return { actions: actionsOf(actions), expires: exp * 1000, issued }
  }
  return async (request) => {
    try {
      return await grant(request)
    } catch (error) {
      // Who it is that asks is not in doubt.
      if (!(error instanceof MillraceError && error.kind === 'unauthenticated')) throw error
      throw new MillraceError('forbidden', { message: error.message, field: 'token' })
    }
  }
}

function actionsOf(given: unknown): ChannelGrant['actions'] {
  if (given === undefined) return FOLLOWS
  if (Array.isArray(given) && given.every((one) => one === '*' || ACTIONS.includes(one))) return given
  throw refused(`The token’s actions must be a list of *, ${ACTIONS.join(', ')}`)
}
