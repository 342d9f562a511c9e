import { serve } from '@hono/node-server'
import { createServer } from '@millrace/server'
import { Hono } from 'hono'

const app = new Hono()
app.get('/', (context) => context.text('Hello from Hono\n'))
const http = serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 8080) }, ({ port }) => {
  console.log(`http://localhost:${port}`)
})
const millrace = createServer()
millrace.attach(http)
