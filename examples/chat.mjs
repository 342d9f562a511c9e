import { createClient } from '@millrace/client'
import { channel, createServer, defineApi } from '@millrace/server'
import { WebSocket } from '@millrace/server/websocket'
import * as z from 'zod'

// Shared by both sides: what the channels carry.
const api = defineApi({
  channels: {
    'chat:{room}': channel({
      message: z.object({ text: z.string().min(1) }),
      history: { size: 200, ttl: '24h' },
    }),
  },
})

// The server.
const millrace = createServer({ api })
millrace.channel('chat:{room}').authorize(({ params }) => params.room === 'lobby')
const { port } = await millrace.listen({ port: Number(process.env.PORT ?? 8080) })

// A client: in a browser leave out `webSocket`, which only Node 20 needs.
const client = createClient({ url: `ws://localhost:${port}/millrace`, webSocket: WebSocket })
const room = client.channel('chat:lobby')
room.on('message', (message, { offset }) => console.log(offset, message.text))
await room.subscribe()
await room.publish({ text: 'hi' })
await millrace.publish('chat:lobby', { text: 'hello from the server' })
await client
  .channel('chat:cellar')
  .publish({ text: 'psst' })
  .catch((error) => console.log(error.message))

client.close()
await millrace.close()
