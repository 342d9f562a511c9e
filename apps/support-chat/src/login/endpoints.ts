import type { ServerResponse } from 'node:http'
import { type Handler, HttpProblem, sendJson } from '@millrace/ui/serve'
import { AgentLogin } from './agent-login.js'
import { CustomerLogin } from './customer-login.js'
import type { Endpoint, LoginParts } from './parts.js'

/**
 * Everything that gives out tokens or takes logins away. Who somebody is lies in a cookie that scripts cannot read; a page gets access tokens for
 * it, which live for minutes, and keeps them nowhere.
 */
export function loginEndpoints(parts: LoginParts): Handler {
  const customers = new CustomerLogin(parts)
  const agents = new AgentLogin(parts)
  const endpoints: Readonly<Record<string, Readonly<Record<string, Endpoint>>>> = {
    '/support/session': { POST: customers.begin },
    '/support/token': { POST: customers.token },
    '/support/desk/session': { GET: agents.who, POST: agents.logIn },
    '/support/desk/token': { POST: agents.token },
    '/support/desk/logout': { POST: agents.logOut },
  }
  return (request, response) => {
    const methods = endpoints[(request.url ?? '').split('?', 1)[0] ?? '']
    if (methods === undefined) return false
    const endpoint = methods[request.method ?? '']
    if (endpoint === undefined) {
      const allow = Object.keys(methods).join(', ')
      response.setHeader('allow', allow)
      sendJson(response, 405, { message: `This is asked by ${allow}` })
    } else {
      endpoint(request, response).then(
        (answer) => sendJson(response, 200, answer),
        (error: unknown) => refuse(response, error),
      )
    }
    return true
  }
}

function refuse(response: ServerResponse, error: unknown): void {
  if (error instanceof HttpProblem) {
    sendJson(response, error.status, { message: error.message })
    return
  }
  console.error('support-chat: a login failed by the server’s fault', error)
  sendJson(response, 500, { message: 'The server failed. Please try again in a moment' })
}
