/** Millrace, with every option as it comes: all transports. */
import { channel, createServer, defineApi, VERSION } from '@millrace/server'
import { obey } from '../../common/obey.js'
import { feeding } from './feed.js'

const api = defineApi({ channels: { 'bench:{name}': channel() } })
const millrace = createServer({ api })
const { port } = await millrace.listen({ port: 0, host: '127.0.0.1' })
await obey(
  { port, version: `Millrace ${VERSION}` },
  feeding((name, message) => millrace.publish(name, message)),
)
