import { randomBytes } from 'node:crypto'
import { type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { upgradeHeaders, verifyUpgrade } from '../websocket/index.js'
import { type Answer, type Ask, type Asking, ConnectError, quote, refusal } from './connect-attempt.js'
import { sha1Base64 } from './sha1.js'

const KEY_BYTES = 16

/** Asks for a WebSocket by an upgrade of HTTP/1.1. RFC 6455 §4.1. */
export function askHttp1({ url, headers, handshake, tls }: Ask): Asking {
  const key = randomBytes(KEY_BYTES).toString('base64')
  const options: RequestOptions = {
    ...tls,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port,
    path: url.pathname + url.search,
    headers: { ...headers, ...upgradeHeaders(key) },
    agent: false,
  }
  if (url.username !== '') options.auth = decodeURIComponent(`${url.username}:${url.password}`)
  const request = url.protocol === 'wss:' ? requestHttps(options) : requestHttp(options)
  const answer = new Promise<Answer>((resolve, reject) => {
    request.on('upgrade', (response: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (socket instanceof Socket) {
        socket.setTimeout(0)
        socket.setNoDelay(true)
      }
      const status = response.statusCode ?? 0
      const { httpVersion, headers: fields } = response
      const verdict = verifyUpgrade(
        { httpVersion, status, headers: fields },
        { ...handshake, key, sha1Base64 },
      )
      resolve({ socket, head, verdict })
    })
    request.on('response', (response) => {
      const status = response.statusCode ?? 0
      quote(response, (body) => reject(refusal(status, body)))
    })
    request.on('error', (cause) => reject(new ConnectError('network', cause.message, { cause })))
  })
  request.end()
  return { answer, cancel: () => request.destroy() }
}
