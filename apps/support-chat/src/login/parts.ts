import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Agents } from './agents.js'
import type { Logins } from './logins.js'
import type { Tokens } from './tokens.js'

export interface LoginParts {
  readonly tokens: Tokens
  readonly logins: Logins
  readonly agents: Agents
  readonly now: () => number
  /** The address a request comes from, for which failed logins are counted. */
  readonly addressOf: (request: IncomingMessage) => string
}

/** Answers a request, or throws HttpProblem. What it returns is sent as JSON. */
export type Endpoint = (request: IncomingMessage, response: ServerResponse) => Promise<object>
