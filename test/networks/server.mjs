/**
 * A node behind a proxy: `node server.mjs BROKER PORT`. Says `listening PORT` when it is ready. It publishes as many numbers as it is
 * asked to, as fast as it can or at a pace.
 */
import { call, channel, createServer, defineApi } from '@millrace/server'
import * as z from 'zod'

const [broker, port] = process.argv.slice(2)
const api = defineApi({
  channels: {
    'numbers:{of}': channel({ message: z.number(), publish: 'anyone', history: { size: 300_000 } }),
  },
  calls: {
    publish: call({
      request: z.object({ of: z.string(), from: z.number(), to: z.number(), pause: z.number().optional() }),
      response: z.number(),
      timeout: '120s',
    }),
  },
})
// Short enough that idle connections are seen to be kept alive within a test's patience.
const server = createServer({ api, broker, heartbeat: '1500ms', patience: '2500ms' })
server.channel('numbers:{of}').authorize(() => true)

/** So many are on their way to the broker at once. */
const AT_ONCE = 500

server.handle('publish', async ({ request: { of, from, to, pause } }) => {
  for (let first = from; first <= to; first += AT_ONCE) {
    const count = Math.min(AT_ONCE, to - first + 1)
    const batch = Array.from({ length: count }, (_, index) => first + index)
    if (pause === undefined) await Promise.all(batch.map((n) => server.publish(`numbers:${of}`, n)))
    else
      for (const n of batch) {
        await server.publish(`numbers:${of}`, n)
        await new Promise((resolve) => setTimeout(resolve, pause))
      }
  }
  return to
})
const address = await server.listen({ port: Number(port), host: '127.0.0.1' })
console.log(`listening ${address.port}`)
