/**
 * The server under attack: `node server.mjs OPTIONS`, with options of `createServer` as JSON. `guarded` has it ask who comes, by token or
 * cookie; with `tls`, as `listen` takes it, it listens on a second port; `fill`, a channel, a count and a size, has it publish so many messages
 * before. Says `listening PORT` when it is ready, and what it costs: by calls, and to who started it with a channel for messages by those, in
 * answer to `facts` and `weigh`.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { call, channel, createServer, defineApi } from '@millrace/server'
import * as z from 'zod'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc')

const { guarded = false, fill, tls, ...options } = JSON.parse(process.argv[2] ?? '{}')
const api = defineApi({
  channels: {
    'chat:{room}': channel({ publish: 'anyone' }),
    'crowd:{room}': channel({ publish: 'anyone', presence: z.string(), ephemeral: z.string() }),
  },
  calls: { echo: call(), facts: call(), weigh: call(), secure: call(), wait: call() },
})
/** How often a browser's cookie was taken for its user. */
let cookies = 0
const auth = ({ token, headers }) => {
  if (token !== undefined) return { id: token }
  if (headers.cookie === undefined) return { id: 'nobody in particular' }
  cookies++
  return { id: headers.cookie }
}
/** What it took for a fault of its own. */
let faults = 0
const error = (...said) => {
  faults++
  console.error(...said)
}
const logger = { debug() {}, info() {}, warn: error, error }
const server = createServer({ api, logger, ...options, ...(guarded && { auth }) })

/** How many connections ended with each code. */
const ends = {}
server.on('disconnect', (_session, code) => {
  ends[code] = (ends[code] ?? 0) + 1
})
server.handle('echo', ({ request }) => request)
/** What takes as long as it is asked to, in milliseconds. */
server.handle('wait', ({ request }) => new Promise((resolve) => setTimeout(resolve, request.ms, null)))

/** Milliseconds of processor that it has taken. */
const cpuTime = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
/** The most that it took between two ticks since it was asked: for so long others waited, however busy the machine was beside. */
let longest = 0
let last = cpuTime()
setInterval(() => {
  const now = cpuTime()
  longest = Math.max(longest, now - last)
  last = now
}, 5).unref()

/** Connections of TCP that are open. */
const sockets = () => process.getActiveResourcesInfo().filter((kind) => kind.startsWith('TCPSocket')).length

const answers = {
  facts() {
    const { sessions } = server.stats()
    const turn = longest
    longest = 0
    return {
      rss: process.memoryUsage.rss(),
      cpu: cpuTime(),
      turn,
      sessions,
      ends,
      cookies,
      faults,
      sockets: sockets(),
    }
  },
  /** What it holds on to. */
  weigh() {
    collectGarbage()
    const { heapUsed, external } = process.memoryUsage()
    return { heap: heapUsed + external }
  },
}
server.handle('facts', answers.facts)
server.handle('weigh', answers.weigh)
server.handle('secure', () => secure?.port)
for (let n = 0; n < (fill?.count ?? 0); n++) await server.publish(fill.channel, 'x'.repeat(fill.size))
const host = '127.0.0.1'
const address = await server.listen({ port: 0, host })
const secure = tls && (await server.listen({ port: 0, host, tls }))
process.on('message', (what) => process.send(answers[what]()))
process.on('disconnect', () => process.exit())
process.send?.({ pid: process.pid, port: address.port })
console.log(`listening ${address.port}`)
