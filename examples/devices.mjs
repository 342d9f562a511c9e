/** A device that was away when it was told something, does it once, and knows so after a restart. */
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@millrace/client'
import { createCommands } from '@millrace/client/commands'
import { call, createServer, defineApi } from '@millrace/server'
import { WebSocket } from '@millrace/server/websocket'
import * as z from 'zod'

const api = defineApi({
  calls: {
    'valve.set': call({
      request: z.object({ valve: z.string(), open: z.boolean() }),
      response: z.object({ litres: z.number() }),
      wait: { ttl: '24h', size: 1000 },
    }),
  },
})

// The server. A token stands for its user: not a thing to do elsewhere.
const millrace = createServer({ api, auth: ({ token }) => ({ id: String(token) }) })
const { port } = await millrace.listen({ port: Number(process.env.PORT ?? 8080) })

// The device is away. What it is told is stored; who asked need not wait.
const pump = millrace.user('pump-7')
const command = await pump.command('valve.set', { valve: 'v3', open: true }, { ttl: '1h', key: 'v3' })
console.log(`waiting: ${(await pump.commands()).length}`)

/** What a device remembers, in a file: each change is written beside it first, so that there is always a whole one. */
function fileStore(file) {
  let entries = readFile(file, 'utf8').then(
    (text) => new Map(JSON.parse(text)),
    () => new Map(),
  )
  const change = (apply) => {
    entries = entries.then(async (all) => {
      apply(all)
      await writeFile(`${file}.new`, JSON.stringify([...all]))
      await rename(`${file}.new`, file)
      return all
    })
    return entries
  }
  return {
    open: async () => [...(await entries).values()],
    put: (entry) => change((all) => all.set(entry.id, entry)),
    remove: (id) => change((all) => all.delete(id)),
    close() {},
  }
}

const folder = await mkdtemp(join(tmpdir(), 'millrace-pump-'))

/** The device's process: from its start to its end. */
async function live() {
  const url = `ws://localhost:${port}/millrace`
  const client = createClient({ url, token: 'pump-7', webSocket: WebSocket, autoConnect: false })
  const commands = createCommands(client, { store: fileStore(join(folder, 'commands.json')) })
  commands.handle('valve.set', async ({ request, id }) => {
    console.log(
      `${id === command.id ? 'the command' : id}: ${request.valve} is ${request.open ? 'open' : 'shut'}`,
    )
    return { litres: 12 }
  })
  await client.connect()
  return () => {
    commands.close()
    client.close()
  }
}

const stop = await live()
console.log(`litres: ${(await command.answer).litres}`)

// Asked again under its id it is the same command: the device is not even told.
const again = await pump.command('valve.set', { valve: 'v3', open: true }, { id: command.id })
console.log(`again: ${(await again.answer).litres}`)

stop()
await millrace.close()
await rm(folder, { recursive: true })
