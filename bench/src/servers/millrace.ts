/** The whole of Millrace: hub, history, validation and protocol; subscribers and publisher are clients like any other. */
import { call, channel, createServer, defineApi, VERSION } from '@millrace/server'
import * as z from 'zod'
import { announce, serverOptions } from './control.js'

/** Every subscriber of the measured channel holds so many of the idle channels, so that none of them is without anyone. */
const IDLE_PER_SESSION = 100
/** Publications under way while the idle channels get their first one. */
const BATCH = 1000

const { idleChannels } = serverOptions()
let given = 0

const api = defineApi({
  channels: {
    'bench:{name}': channel({ message: z.string(), publish: 'anyone' }),
    'idle:{number}': channel({ message: z.string() }),
  },
  calls: { echo: call({ request: z.string(), response: z.string() }) },
})

/** The idle channels of the next session: none once all are given away. */
function nextIdleChannels(): `idle:${string}`[] {
  const first = given
  given = Math.min(idleChannels, given + IDLE_PER_SESSION)
  return Array.from({ length: given - first }, (_, i) => `idle:${first + i}` as const)
}

// The generator sends faster than any one client may.
const millrace = createServer({ api, subscriptions: nextIdleChannels, rates: false })
millrace.handle('echo', ({ request }) => request)

/** One publication in each idle channel, so that each has a stream as well as a subscriber. */
for (let at = 0; at < idleChannels; at += BATCH) {
  const batch = Array.from({ length: Math.min(BATCH, idleChannels - at) }, (_, i) => at + i)
  await Promise.all(batch.map((number) => millrace.publish(`idle:${number}`, 'idle')))
}

const { port } = await millrace.listen({ port: 0, host: '127.0.0.1' })
announce({ port, version: `Millrace ${VERSION}` })
