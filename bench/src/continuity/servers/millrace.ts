/** Millrace, with every option as it comes: JSON of any kind, 256 publications kept for ten minutes. */
import { channel, createServer, defineApi, VERSION } from '@millrace/server'
import { obey } from '../../common/obey.js'
import { publishing } from './series.js'

const api = defineApi({ channels: { 'bench:{name}': channel() } })
const millrace = createServer({ api })
const { port } = await millrace.listen({ port: 0, host: '127.0.0.1' })
await obey(
  { port, version: `Millrace ${VERSION}` },
  publishing((name, message) => millrace.publish(name, message)),
)
