import { createServer } from '@millrace/server'
import Fastify from 'fastify'

const app = Fastify()
app.get('/', async () => 'Hello from Fastify\n')
const millrace = createServer()
millrace.attach(app.server)
await app.listen({ port: Number(process.env.PORT ?? 8080) })
console.log(`http://localhost:${app.server.address().port}`)
