import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { HttpConnection } from './http-connection.js'

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** A connection to a server that does this with each request, and what is heard of it. */
async function talk(serve: (socket: Socket, request: number) => void) {
  let requests = 0
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', () => serve(socket, ++requests))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const heard: string[] = []
  const connection = new HttpConnection((server.address() as AddressInfo).port, {
    head: (status) => heard.push(`head ${status}`),
    body: (text) => heard.push(text),
    end: () => heard.push('end'),
    lost: (error) => heard.push(error.message),
  })
  onTestFinished(() => {
    connection.destroy()
    server.close()
  })
  return { connection, heard }
}

const WHOLE = ['head 200', 'ok', 'end']

it('carries one request after the other', async () => {
  const { connection, heard } = await talk((socket) => socket.write(ANSWER))
  connection.write('GET /1 HTTP/1.1\r\n\r\n')
  await expect.poll(() => heard).toEqual(WHOLE)
  connection.write('GET /2 HTTP/1.1\r\n\r\n')
  await expect.poll(() => heard).toEqual([...WHOLE, ...WHOLE])
})

it('sends a request again whose connection was kept and is closed, as browsers do', async () => {
  const { connection, heard } = await talk((socket, request) => {
    if (request === 2) socket.resetAndDestroy()
    else socket.write(ANSWER)
  })
  connection.write('GET /1 HTTP/1.1\r\n\r\n')
  await expect.poll(() => heard).toEqual(WHOLE)
  connection.write('GET /2 HTTP/1.1\r\n\r\n')
  await expect.poll(() => heard).toEqual([...WHOLE, ...WHOLE])
})

it('is lost when a new connection is closed, or an answer breaks off', async () => {
  const closed = await talk((socket) => socket.end())
  closed.connection.write('GET /1 HTTP/1.1\r\n\r\n')
  await expect.poll(() => closed.heard).toEqual(['The server closed the connection'])
  const broken = await talk((socket) => socket.end(ANSWER.slice(0, -1)))
  broken.connection.write('GET /1 HTTP/1.1\r\n\r\n')
  await expect.poll(() => broken.heard).toEqual(['head 200', 'o', 'The server closed the connection'])
})
