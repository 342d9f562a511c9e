import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { HttpProblem, readJson, sendJson } from '@millrace/ui/serve'
import { z } from 'zod'
import { AGENTS, agentNamed } from './agents.js'
import { NAME_LIMIT, tidyName } from './domain/text.js'
import { userId } from './names.js'
import { issueToken, readToken, type User } from './token.js'

const CustomerRequest = z.object({
  name: z.string().max(1_000).transform(tidyName).pipe(z.string().min(1).max(NAME_LIMIT)),
})
const AgentRequest = z.object({ agent: z.string() })

/**
 * The two endpoints that give out tokens. A customer says a name; one who already has a token keeps the identity in
 * it. An agent is picked from the list: a demonstration of a login, with no password behind it.
 */
export function sessionEndpoints(secret: string, now: () => number) {
  const paths: Readonly<Record<string, (request: IncomingMessage) => Promise<User>>> = {
    '/support/session': async (request) => {
      const { name } = read(CustomerRequest, await readJson(request))
      const known = readToken(secret, bearerOf(request), now())
      const id = known?.role === 'customer' ? known.id : userId('customer', randomUUID())
      return { id, role: 'customer', name }
    },
    '/support/desk/session': async (request) => {
      const { agent: key } = read(AgentRequest, await readJson(request))
      const agent = agentNamed(key)
      if (agent === undefined) {
        throw new HttpProblem(
          403,
          `There is no agent '${key}'; there are ${Object.keys(AGENTS).join(' and ')}`,
        )
      }
      return { ...agent, role: 'agent' }
    },
  }
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    const userFor = paths[(request.url ?? '').split('?', 1)[0] ?? '']
    if (userFor === undefined) return false
    if (request.method !== 'POST') {
      response.setHeader('allow', 'POST')
      sendJson(response, 405, { message: 'POST only' })
      return true
    }
    userFor(request).then(
      (user) => sendJson(response, 200, { token: issueToken(secret, user, now()), user }),
      (error: unknown) => refuse(response, error),
    )
    return true
  }
}

function read<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  const result = schema.safeParse(body)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new HttpProblem(400, `${issue?.path.join('.') || 'body'}: ${issue?.message ?? 'not valid'}`)
}

const bearerOf = ({ headers }: IncomingMessage): string | undefined =>
  /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1]

function refuse(response: ServerResponse, error: unknown): void {
  if (!(error instanceof HttpProblem)) console.error('support-chat: could not give out a token', error)
  const status = error instanceof HttpProblem ? error.status : 500
  const message = error instanceof HttpProblem ? error.message : 'The server failed'
  sendJson(response, status, { message })
}
