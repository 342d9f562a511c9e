import { channel, defineApi, json, MillraceError } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { FakeClock, settle, TestClient, testHub } from '../testing/index.js'
import type { ReadChannelToken } from './channel-grants.js'

const api = defineApi({
  channels: { 'doc:{id}': channel({ history: { size: 10 } }) },
})
const FORBIDDEN = 106
const EXPIRED = 4005
const DOC = { channel: 'doc:1' }

/** A server whose hook lets nobody in, and a client of it. A token is `ACTIONS`, or `ACTIONS until TIME`. */
async function world(read: ReadChannelToken | 'none' = byText) {
  const clock = new FakeClock()
  const { hub } = testHub({ api, clock, channelTokens: read === 'none' ? undefined : read })
  hub.policy.authorize('doc:{id}', () => false)
  const client = new TestClient(hub)
  await client.ask('connect', { version: 1 })
  return { clock, client }
}

const byText: ReadChannelToken = ({ token }) => {
  const [actions = '', expires] = token.split(' until ')
  if (actions === 'nothing') return null
  if (actions === 'left') throw new MillraceError('application-error', { message: 'You have left the team' })
  return {
    actions: actions.split(',') as never,
    expires: expires === undefined ? undefined : Number(expires),
  }
}

describe('[H2.6] [P5.22] a token of a channel', () => {
  it('allows what it grants, beside the hook and instead of it', async () => {
    const { client } = await world()
    expect(await client.ask('subscribe', DOC)).toMatchObject({ kind: 'error', body: { code: FORBIDDEN } })
    expect(await client.ask('subscribe', { ...DOC, token: 'subscribe,history' })).toMatchObject({
      kind: 'subscribed',
    })
    expect(await client.ask('history', { ...DOC, limit: 1 })).toMatchObject({ kind: 'history' })
    expect(await client.ask('publish', { ...DOC, data: json(1) })).toMatchObject({
      body: { code: FORBIDDEN },
    })
    expect(await client.ask('subscribe', { channel: 'doc:2' })).toMatchObject({ body: { code: FORBIDDEN } })
  })

  it('may allow everything, for as long as the subscription stands', async () => {
    const { client } = await world()
    await client.ask('subscribe', { ...DOC, token: '*' })
    expect(await client.ask('publish', { ...DOC, data: json(1) })).toMatchObject({ kind: 'published' })
    await client.ask('unsubscribe', DOC)
    expect(await client.ask('publish', { ...DOC, data: json(2) })).toMatchObject({
      body: { code: FORBIDDEN },
    })
  })

  it.each([
    ['nothing', "The token is not accepted for 'doc:1'"],
    ['subscribe until 1000', "The token for 'doc:1' has expired"],
    ['publish', "Not allowed: subscribe on 'doc:1'"],
    ['left', 'You have left the team'],
  ])('that is no good is refused, and leaves nothing: %s', async (token, message) => {
    const { client, clock } = await world()
    await clock.advance(2000)
    expect(await client.ask('subscribe', { ...DOC, token })).toMatchObject({
      kind: 'error',
      body: { message },
    })
    expect(await client.ask('publish', { ...DOC, data: json(1) })).toMatchObject({
      body: { code: FORBIDDEN },
    })
  })

  it('is refused by a server that takes none', async () => {
    const { client } = await world('none')
    const refused = await client.ask('subscribe', { ...DOC, token: '*' })
    expect(refused).toMatchObject({ body: { code: FORBIDDEN, field: 'token' } })
  })

  it('ends its subscription, and no later one', async () => {
    const { client, clock } = await world()
    const until = (seconds: number) => `subscribe until ${clock.now() + seconds * 1000}`
    await client.ask('subscribe', { ...DOC, token: until(2) })
    await client.ask('unsubscribe', DOC)
    await client.ask('subscribe', { ...DOC, token: until(6) })
    await clock.advance(4000)
    const ends = () => client.messages.filter(({ kind, id }) => kind === 'unsubscribed' && id === 0)
    expect(ends()).toHaveLength(0)
    await clock.advance(3000)
    await settle()
    expect(ends()).toMatchObject([{ body: { channel: 'doc:1', code: EXPIRED } }])
    expect(await client.ask('history', { ...DOC, limit: 1 })).toMatchObject({ body: { code: FORBIDDEN } })
  })
})
