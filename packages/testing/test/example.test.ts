import { channel, defineApi } from '@millrace/server'
import { type Testbed, testbed } from '@millrace/testing'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { z } from 'zod'

const api = defineApi({
  channels: {
    'chat:{room}': channel({ message: z.object({ text: z.string() }), history: { size: 100 } }),
  },
})

let bed: Testbed<typeof api, { id: string }>
beforeEach(async () => {
  bed = await testbed({ api, auth: ({ token }) => (token ? { id: token } : null) })
  bed.server.channel('chat:{room}').authorize(({ params }) => params.room === 'lobby')
})
afterEach(() => bed.close())

it('misses nothing while it is away', async () => {
  const alice = bed.client({ token: 'alice' })
  const heard: string[] = []
  alice.channel('chat:lobby').on('message', ({ text }) => heard.push(text))
  await bed.settle()

  bed.network(alice).cut()
  await bed.client({ token: 'bob' }).channel('chat:lobby').publish({ text: 'hello' })
  expect(heard).toEqual([])

  await bed.advance('1s')
  expect(heard).toEqual(['hello'])
})
