import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { afterEach, expect, it } from 'vitest'
import { CA, EC, KeptLog } from '../../test/tls-fixture.js'
import type { Answer } from './own-server.js'
import { type SecureServer, type SecureServerOptions, secureServer } from './secure-server.js'

let secure: SecureServer | undefined
afterEach(async () => {
  await secure?.close()
  secure = undefined
})

async function serve(answer: Answer, options: Partial<SecureServerOptions> = {}): Promise<number> {
  const given = {
    tls: EC,
    hsts: undefined,
    handshakeMs: 10_000,
    maxHeaderSize: 16_384,
    logger: new KeptLog(),
  }
  secure = await secureServer({ ...given, ...options }, answer)
  const { server } = secure
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

it('an HTTP/2 session that is idle ends; one with an answer under way takes no more, and ends with it', async () => {
  let end = (): void => {}
  const port = await serve(
    (_, response) => {
      response.write('begun ')
      end = () => response.end('done')
    },
    { sessionIdleMs: 100 },
  )
  const [idle, busy] = ['idle', 'busy'].map(() =>
    connectHttp2(`https://127.0.0.1:${port}`, { ca: CA, servername: 'localhost' }),
  )
  if (idle === undefined || busy === undefined) throw new Error('there are two')
  const stream = busy.request({ ':path': '/' })
  await Promise.all([once(idle, 'close'), once(busy, 'goaway')])
  expect([idle.closed, stream.closed]).toEqual([true, false])
  let body = ''
  stream.on('data', (chunk: Buffer) => {
    body += chunk.toString()
  })
  end()
  await Promise.all([once(stream, 'end'), once(busy, 'close')])
  expect(body).toBe('begun done')
})

it('RFC 9112 §3.2: over HTTP/1.1, too, a request names its host', async () => {
  const port = await serve((_, response) => void response.end('here'))
  const ask = async (head: string): Promise<string> => {
    const socket = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca: CA })
    socket.write(`GET / HTTP/1.1\r\n${head}Connection: close\r\n\r\n`)
    const [answer] = (await once(socket, 'data')) as [Buffer]
    socket.destroy()
    return answer.toString().split('\r\n', 1)[0] ?? ''
  }
  expect(await ask('Host: localhost\r\n')).toBe('HTTP/1.1 200 OK')
  expect(await ask('')).toBe('HTTP/1.1 400 Bad Request')
})

it('an HTTP/1.1 connection that is done is told how long it is kept', async () => {
  const port = await serve((_, response) => void response.end('here'))
  const socket = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca: CA })
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  const [answer] = (await once(socket, 'data')) as [Buffer]
  expect(answer.toString()).toMatch(/^keep-alive: timeout=5\r$/im)
  socket.destroy()
})
