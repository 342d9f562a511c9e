/**
 * A server that does what calls tell it to: `node load-server.mjs OPTIONS`, with options of `createServer` and the `port` as JSON.
 * Says `listening PORT` when it is ready.
 */
import { call, channel, createServer, defineApi } from '@millrace/server'

const { port = 0, ...options } = JSON.parse(process.argv[2] ?? '{}')
const history = { size: 100_000, ttl: '1h' }
const api = defineApi({
  channels: {
    'state:{name}': channel({ conflate: 'key', publish: 'anyone' }),
    'news:{name}': channel({ slow: 'drop-oldest', publish: 'anyone', history }),
    'chat:{name}': channel({ publish: 'anyone', history }),
  },
  calls: { begin: call(), end: call(), facts: call(), block: call(), echo: call() },
})
const server = createServer({ api, ...options })

/** How often it publishes what is due, in milliseconds: about as often as a feed brings something. */
const TURN = 10
let publishing
/** By channel, the number of the last message. */
const published = new Map()
const publish = (name, { size, keys }) => {
  const n = (published.get(name) ?? 0) + 1
  published.set(name, n)
  const message = { key: `k${n % keys}`, n, at: Date.now(), filler: '' }
  const bare = JSON.stringify(message).length
  return server.publish(name, { ...message, filler: 'x'.repeat(Math.max(0, size - bare)) })
}

/** Publishes messages of `size` bytes, `each` of them a second, about so many keys in turn; or `count` of them at once. */
server.handle('begin', async ({ request: { channel: name, each, count = 0, ...message } }) => {
  for (let i = 0; i < count; i++) await publish(name, message)
  if (each === undefined) return null
  const from = performance.now()
  let done = 0
  publishing = setInterval(() => {
    const due = Math.floor(((performance.now() - from) * each) / 1000)
    for (; done < due; done++) void publish(name, message)
  }, TURN)
  return null
})
server.handle('end', () => {
  clearInterval(publishing)
  return Object.fromEntries(published)
})
server.handle('facts', () => ({ rss: process.memoryUsage.rss(), ends, ...server.stats() }))
/** Blocks the event loop for so many milliseconds, a moment after it has answered. */
server.handle('block', ({ request: { ms } }) => {
  setTimeout(() => {
    const until = performance.now() + ms
    while (performance.now() < until);
  }, 50)
  return null
})
server.handle('echo', ({ request }) => request)

/** Connections that ended: whose, with which code, and when. */
const ends = []
server.on('disconnect', ({ session }, code) => ends.push({ session, code, at: Date.now() }))
const address = await server.listen({ port, host: '127.0.0.1' })
console.log(`listening ${address.port}`)
