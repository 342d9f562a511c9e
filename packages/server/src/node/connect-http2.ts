import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
} from 'node:http2'
import { verifyConnect } from '../websocket/index.js'
import { type Answer, type Ask, type Asking, ConnectError, quote, refusal } from './connect-attempt.js'

const NOTHING = Buffer.alloc(0)

/** Asks for a WebSocket by an extended CONNECT on an HTTP/2 session of its own. RFC 8441. */
export function askHttp2(ask: Ask): Asking {
  const scheme = ask.url.protocol === 'wss:' ? 'https' : 'http'
  const session = connect(`${scheme}://${ask.url.host}`, ask.tls)
  const answer = new Promise<Answer>((resolve, reject) => {
    const fail = (cause: Error): void => {
      session.destroy()
      reject(new ConnectError('network', cause.message, { cause }))
    }
    session.on('error', fail)
    session.on('close', () => fail(new Error('the session ended')))
    session.once('remoteSettings', (settings) => {
      // RFC 8441 §3: nobody may ask before the server has said that it understands.
      if (settings.enableConnectProtocol === true) openStream(session, ask, scheme).then(resolve, reject)
      else {
        session.destroy()
        reject(new ConnectError('handshake', 'the server does not offer WebSockets over HTTP/2 (RFC 8441)'))
      }
    })
  })
  return { answer, cancel: () => session.destroy() }
}

function openStream(
  session: ClientHttp2Session,
  { url, headers, handshake }: Ask,
  scheme: string,
): Promise<Answer> {
  const request = {
    ...headers,
    ':method': 'CONNECT',
    ':protocol': 'websocket',
    ':scheme': scheme,
    ':path': url.pathname + url.search,
    ':authority': url.host,
  }
  const stream = session.request(request, { endStream: false })
  // The session serves this one stream and ends with it.
  stream.on('close', () => session.close())
  return new Promise<Answer>((resolve, reject) => {
    stream.on('error', (cause: Error) => reject(new ConnectError('network', cause.message, { cause })))
    stream.on('response', (responseHeaders) => {
      const status = responseHeaders[':status'] ?? 0
      const verdict = verifyConnect(
        { httpVersion: '2.0', status, headers: plainHeaders(responseHeaders) },
        handshake,
      )
      if (verdict.ok || status < 300) resolve({ socket: stream, head: NOTHING, verdict })
      else readRefusal(stream, status, reject)
    })
  })
}

function readRefusal(stream: ClientHttp2Stream, status: number, reject: (error: ConnectError) => void): void {
  quote(stream, (body) => reject(refusal(status, body)))
  stream.on('end', () => stream.close(constants.NGHTTP2_NO_ERROR))
  stream.end()
}

/** The fields of a response without its pseudo-fields. */
function plainHeaders(headers: IncomingHttpHeaders): Record<string, string | string[] | undefined> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(':')))
}
