/** Tokens that live for 20 s, from a login server with its moods: who is honest notices nothing, and who has none any more is let go. */
import { fork } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createClient } from '@millrace/client'
import { channel, createServer, defineApi, jwt } from '@millrace/server'
import { describe, it, type TestContext } from 'vitest'
import { WebSocket } from 'ws'
import * as z from 'zod'
import { numbers, pause, until } from './world.js'

const CLIENT = fileURLToPath(new URL('./token-client.mjs', import.meta.url))
const SECRET = 'a secret of thirty-two bytes or more'
const TTL = 20_000
/** What the server may take beyond the end of a token, and what a machine with other things to do may add. */
const LET_GO = 5_000
const EXPIRED = 4005
const api = defineApi({
  channels: { 'room:{name}': channel({ message: z.number(), publish: 'anyone', history: { size: 1000 } }) },
})

/** A JSON Web Token, HS256. */
function sign(claims: object): string {
  const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${encoded({ alg: 'HS256' })}.${encoded(claims)}`
  return `${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`
}

/** How the login server answers its nth request. */
type Mood = (n: number) => 'at once' | 'slowly' | 'with an error' | 'never'

/** A login server. Tokens are got over HTTP, by POST. */
async function loginServer({ onTestFinished }: TestContext, mood: Mood) {
  const tokens: string[] = []
  const urls: string[] = []
  let [asked, open, most] = [0, 0, 0]
  const server = createHttpServer(async (request, response) => {
    const how = mood(++asked)
    urls.push(request.url ?? '')
    most = Math.max(most, ++open)
    response.on('close', () => open--)
    if (how === 'slowly') await pause(3_000)
    if (how === 'never') return
    if (how === 'with an error') {
      response.destroy()
      return
    }
    const token = sign({ sub: 'ada', exp: (Date.now() + TTL) / 1000 })
    tokens.push(token)
    response.end(token)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/login`
  return { url, tokens, urls, asked: () => asked, most: () => most }
}

async function scene(context: TestContext, mood: Mood) {
  const login = await loginServer(context, mood)
  const log: string[] = []
  const write = (message: string, details?: object) => log.push(message, JSON.stringify(details ?? {}))
  const server = createServer({
    ...{ api, auth: jwt({ secret: SECRET, clockTolerance: 0 }) },
    logger: { debug: write, info: write, warn: write, error: write },
  })
  const ends: { readonly code: number; readonly at: number }[] = []
  server.on('disconnect', (_session, code) => ends.push({ code, at: Date.now() }))
  const { port } = await server.listen({ port: 0, host: '127.0.0.1' })
  context.onTestFinished(() => server.close())
  return { login, log, server, ends, url: `ws://127.0.0.1:${port}/millrace` }
}

/** A client in this process. */
async function joins(context: TestContext, { login, url }: Awaited<ReturnType<typeof scene>>) {
  const states: string[] = []
  const client = createClient<typeof api>({
    ...{ url, webSocket: WebSocket },
    token: async ({ signal }) =>
      (await fetch(login.url, { method: 'POST', signal: signal as AbortSignal })).text(),
  })
  client.on('state', ({ name }) => states.push(name))
  context.onTestFinished(() => client.close())
  await client.channel('room:one').subscribe()
  return { client, states }
}

describe.concurrent('tokens that live for 20 s', { timeout: 120_000 }, () => {
  const MOODS: readonly [string, Mood][] = [
    ['answers at once', () => 'at once'],
    ['takes three seconds', () => 'slowly'],
    ['fails twice each time', (n) => (n === 1 || n % 3 === 1 ? 'at once' : 'with an error')],
    ['hangs every other time', (n) => (n % 2 === 1 ? 'at once' : 'never')],
  ]
  it.for(MOODS)(
    '[P1.12] are followed by others on the same connection where the login server %s',
    async ([, mood], context) => {
      const { expect } = context
      const world = await scene(context, mood)
      const { client, states } = await joins(context, world)
      const { session } = client
      await pause(3.2 * TTL)
      expect([client.state.name, client.session, world.ends]).toEqual(['connected', session, []])
      expect(states.filter((name) => name === 'reconnecting')).toEqual([])
      expect(world.login.tokens.length).toBeGreaterThanOrEqual(4)
      expect(world.login.most(), 'requests at a time').toBe(1)
      // Nobody has written them down.
      const written = [...world.log, ...world.login.urls].join('\n')
      expect(world.login.tokens.filter((token) => written.includes(token.split('.')[2] ?? token))).toEqual([])
    },
  )

  it('[P1.12] end their session within five seconds, with its code, where none can be had any more', async (context) => {
    const { expect } = context
    const began = Date.now()
    const world = await scene(context, (n) => (n === 1 ? 'at once' : 'with an error'))
    const { states } = await joins(context, world)
    await until(
      () => world.ends.length > 0,
      () => states,
      2 * TTL,
    )
    const [end = { code: 0, at: 0 }] = world.ends
    expect(end.code).toBe(EXPIRED)
    expect(end.at - began).toBeGreaterThan(TTL - 1_000)
    expect(end.at - began).toBeLessThan(TTL + LET_GO)
  })

  it('[P1.12] that end while their client sleeps are followed by others when it wakes, and nothing is missing', async (context) => {
    const { expect, onTestFinished } = context
    const world = await scene(context, () => 'at once')
    const child = fork(CLIENT, [world.url, world.login.url], { execArgv: [] })
    onTestFinished(() => void child.kill('SIGKILL'))
    const heard: unknown[] = []
    const other: unknown[] = []
    child.on('message', (said: { readonly n?: number }) =>
      said.n === undefined ? other.push(said) : heard.push(said.n),
    )
    await until(
      () => other.some((said) => 'subscribed' in (said as object)),
      () => other,
    )
    child.kill('SIGSTOP')
    for (let n = 1; n <= 30; n++) {
      await world.server.publish('room:one', n)
      await pause(1_000)
    }
    child.kill('SIGCONT')
    const woke = Date.now()
    await until(
      () => heard.length === 30,
      () => [heard, other],
    )
    expect(Date.now() - woke).toBeLessThan(5_000)
    expect(heard).toEqual(numbers(1, 30))
    expect(other.filter((said) => 'gap' in (said as object))).toEqual([])
    expect(world.login.most()).toBe(1)
  })
})
