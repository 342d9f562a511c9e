import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { channel, defineApi } from '@millrace/server'
import { testbed } from '@millrace/testing'
import * as z from 'zod'

const api = defineApi({
  channels: {
    'chat:{room}': channel({ message: z.object({ text: z.string() }), history: { size: 100 } }),
  },
})

// What your application does with its server, in a function that production calls too.
function setUp(millrace) {
  millrace.channel('chat:{room}').authorize(({ user }) => user.id !== 'mallory')
}

let bed
beforeEach(async () => {
  bed = await testbed({ api, auth: ({ token }) => (token ? { id: token } : null), setup: setUp })
})
afterEach(() => bed.close())

test('a message is kept when the server dies', async () => {
  const alice = bed.client({ token: 'alice' })
  const heard = []
  alice.channel('chat:lobby').on('message', ({ text }) => heard.push(text))
  await alice.channel('chat:lobby').subscribe()

  await bed.server.publish('chat:lobby', { text: 'one' })
  await bed.restart()
  await bed.server.publish('chat:lobby', { text: 'two' })
  await bed.advance('1s')
  assert.deepEqual(heard, ['one', 'two'])
})

test('whoever ignores a gap shows what is gone', async () => {
  const alice = bed.client({ token: 'alice' })
  const gaps = []
  alice.channel('chat:lobby').on('gap', ({ reason }) => gaps.push(reason))
  await alice.channel('chat:lobby').subscribe()
  await bed.server.publish('chat:lobby', { text: 'one' })

  await bed.restart({ keep: 'nothing' })
  await bed.until(() => alice.state.name === 'connected')
  await bed.settle()
  assert.deepEqual(gaps, ['epoch-changed'])
})

test('mallory may not write', async () => {
  const mallory = bed.client({ token: 'mallory' })
  await assert.rejects(mallory.channel('chat:lobby').publish({ text: 'hi' }), { kind: 'forbidden' })
})
