// What a third-party WebSocket client does against a Millrace server, in any JavaScript runtime: connect and subscribe
// in one frame, publish text, see it come back, answer a ping, close. Prints one line of JSON.
const url = process.argv[2]
const WebSocketClass = globalThis.WebSocket ?? (await import('undici')).WebSocket
const socket = new WebSocketClass(url, 'millrace.json')
const seen = []
const text = `grüße ${'x'.repeat(60_000)} 👋`

const done = new Promise((resolve, reject) => {
  socket.onerror = (event) => reject(new Error(`error: ${event.message ?? event.type}`))
  socket.onclose = ({ code }) => resolve(code)
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data)
    const kind = Object.keys(message).find((key) => key !== 'id')
    seen.push(kind)
    if (kind === 'subscribed')
      socket.send(JSON.stringify({ id: 3, publish: { channel: 'any:thing', data: { text } } }))
    if (kind === 'publication' && message.publication.data.text !== text)
      reject(new Error('the text changed on its way'))
    if (seen.includes('publication') && seen.includes('published')) socket.close(1000, 'done')
  }
})
socket.onopen = () => {
  socket.send(
    JSON.stringify([
      { id: 1, connect: { version: 1 } },
      { id: 2, subscribe: { channel: 'any:thing' } },
    ]),
  )
}
const code = await done
console.log(JSON.stringify({ seen, code, protocol: socket.protocol }))
