import { channel, defineApi, json } from '@millrace/protocol'
import { expect, it } from 'vitest'
import * as z from 'zod'
import { TEST_LIMITS, TestClient, testHub } from '../testing/index.js'

it('[H3.7] a member whose data is too large is refused, entering or later, and what was there is kept', async () => {
  const api = defineApi({
    channels: { 'room:{id}': channel({ presence: z.object({ name: z.string() }) }) },
    calls: {},
  })
  const { hub } = testHub({ api, limits: { ...TEST_LIMITS, memberData: 20 } })
  const client = new TestClient(hub)
  await client.connect()
  const large = json({ name: 'Ann of the long name' })
  const refused = { code: 113, field: 'data', message: expect.stringMatching(/ 31 characters; at most 20 /) }
  expect((await client.ask('subscribe', { channel: 'room:1', data: large })).body).toMatchObject(refused)
  await client.ask('subscribe', { channel: 'room:1', data: json({ name: 'Ann' }) })
  expect((await client.ask('enter', { channel: 'room:1', data: large })).body).toMatchObject(refused)
  expect((await client.ask('presence', { channel: 'room:1' })).body).toMatchObject({
    members: [{ data: json({ name: 'Ann' }) }],
  })
})
