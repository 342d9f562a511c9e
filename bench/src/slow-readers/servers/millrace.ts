/** Millrace: a state channel, with every option as it comes. */
import { channel, createServer, defineApi, VERSION } from '@millrace/server'
import { obey } from '../../common/obey.js'
import { MILLRACE_CHANNEL } from '../../generator/millrace-dialect.js'
import { feeding } from './feed.js'

const api = defineApi({ channels: { 'bench:{name}': channel({ conflate: 'key' }) } })
const millrace = createServer({ api })
const { port } = await millrace.listen({ port: 0, host: '127.0.0.1' })
await obey(
  { port, version: `Millrace ${VERSION}` },
  feeding({ publish: (message) => millrace.publish(MILLRACE_CHANNEL, message), waiting: () => null }),
)
