/**
 * A backend in Python decides who connects and who may do what, over real sockets: the one of docs/examples/backend, which verifies signatures with the
 * standard library, and has moods. Whatever its mood, nobody is let in whom it has not let in.
 */
import { spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { format } from 'node:util'
import { type ClientState, createClient, MillraceError } from '@millrace/client'
import { channel, createServer, defineApi, Identity, type ServerOptions, type User } from '@millrace/server'
import { httpAuth, httpAuthorize } from '@millrace/server/http-auth'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { tool } from '../support/tools.js'
import { BackendProcess, MOODS } from './backend-process.js'

const EXAMPLES = fileURLToPath(new URL('../../docs/examples/backend/', import.meta.url))
const SECRET = `whsec_${Buffer.alloc(32, 'of the backend').toString('base64')}`
const api = defineApi({ channels: { 'chat:{room}': channel({ publish: 'anyone' }) } })
const python = tool.python()

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

type Auth = ServerOptions<typeof api, User>['auth']

/** How long a backend with moods is waited for, in milliseconds; one that is well may take its time on a busy machine. */
const IMPATIENT = 200
/** How long a client's state is waited for, in milliseconds: less than a test may take, so that it is known what was instead. */
const LONG = 15_000

/** A server that asks a backend, and a log that is the standard one. */
async function world({
  secret = SECRET as string | readonly string[],
  ttl = 0,
  auth = undefined as Auth,
  timeout = 5_000,
} = {}) {
  const lines: string[] = []
  const spy = vi.spyOn(console, 'error').mockImplementation((...args) => {
    lines.push(format(...args))
  })
  cleanups.push(() => spy.mockRestore())
  const backend = new BackendProcess(python ?? '', SECRET)
  cleanups.push(() => backend.stop())
  const url = await backend.url()
  const options = { secret, timeout, deadline: timeout * 5, retries: 1, failures: 3, pause: 200 }
  const millrace = createServer({ api, auth: auth ?? httpAuth({ ...options, url: `${url}/millrace/auth` }) })
  millrace
    .channel('chat:{room}')
    .authorize(httpAuthorize({ ...options, url: `${url}/millrace/authorize`, ttl }))
  cleanups.push(() => millrace.close())
  const { port } = await millrace.listen({ port: 0, host: '127.0.0.1' })
  const connect = (token?: string, headers: Readonly<Record<string, string>> = {}) => {
    const client = createClient<typeof api>({
      url: `ws://127.0.0.1:${port}/millrace`,
      webSocket: class extends WebSocket {
        constructor(address: string, protocols: string[]) {
          super(address, protocols, { headers })
        }
      } as never,
      transports: ['websocket'],
      token,
      backoff: { base: 50, cap: 100 },
    })
    cleanups.push(() => client.close())
    const states: ClientState['name'][] = []
    const reached = (name: ClientState['name']) =>
      new Promise<ClientState>((resolve, reject) => {
        const late = setTimeout(() => reject(new Error(`never ${name}: ${states}, ${backend.paths}`)), LONG)
        const look = (state: ClientState): void => {
          if (state.name !== name) return
          clearTimeout(late)
          resolve(state)
        }
        look(client.state)
        client.on('state', look)
      })
    client.on('state', ({ name }) => states.push(name))
    // What it is refused with is in its state.
    client.on('error', () => {})
    return { client, states, reached }
  }
  return { backend, millrace, connect, lines, port }
}

describe.skipIf(python === undefined)('a backend in Python', () => {
  test('says who connects, by token or by cookie, and who does not', async () => {
    const { connect } = await world()
    const ada = connect('token-of-ada')
    await ada.client.connect()
    expect(ada.client.user).toBe('ada')
    const eve = connect(undefined, { cookie: 'theme=dark; sid=token-of-eve' })
    await eve.client.connect()
    expect(eve.client.user).toBe('eve')
    const nobody = connect('token-of-nobody')
    await expect(nobody.client.connect()).rejects.toMatchObject({
      ...{ kind: 'authentication-failed', message: 'Sign in first' },
    })
    expect(nobody.client.state).toMatchObject({ name: 'closed' })
  })

  test('says who may do what, by user and channel, for as long as it says', async () => {
    const { connect, backend } = await world({ ttl: 60_000 })
    const [ada, eve] = [connect('token-of-ada').client, connect('token-of-eve').client]
    await ada.channel('chat:staff').publish('hello')
    await ada.channel('chat:staff').publish('again')
    await expect(eve.channel('chat:staff').subscribe()).rejects.toMatchObject({
      ...{ kind: 'forbidden', message: 'Only for members' },
    })
    await eve.channel('chat:lobby').subscribe()
    expect(backend.paths.filter((path) => path === '/millrace/authorize')).toHaveLength(3)
  })

  test('is asked again about a user from whom something was taken away', async () => {
    // A token of later than that goes on.
    const auth = () => new Identity({ id: 'ada' }, { issued: Number.MAX_SAFE_INTEGER })
    const { connect, backend, millrace } = await world({ ttl: 60_000, auth })
    const room = connect().client.channel('chat:staff')
    const asked = () => backend.paths.filter((path) => path === '/millrace/authorize').length
    await room.publish('one')
    await room.publish('two')
    expect(asked()).toBe(1)
    expect(await millrace.revoke({ user: 'ada' })).toMatchObject({ sessions: 0 })
    await room.publish('three')
    expect(asked()).toBe(2)
  })

  test.each(MOODS)('that is %s lets nobody in, and does again when it is well', async (mood) => {
    const { backend, millrace, connect } = await world({ timeout: IMPATIENT })
    const came: (string | undefined)[] = []
    millrace.on('connect', ({ user }) => came.push(user.id))
    await backend.become(mood)
    // Even somebody whom it would let in, and one whom it would not.
    const [ada, nobody] = [connect('token-of-ada'), connect('token-of-nobody')]
    void ada.client.connect().catch(() => {})
    void nobody.client.connect().catch(() => {})
    await backend.asked(mood, { times: 4 })
    expect(came).toEqual([])
    expect([...ada.states, ...nobody.states]).not.toContain('connected')
    expect([...ada.states, ...nobody.states]).not.toContain('closed')
    await backend.become('well')
    await ada.reached('connected')
    expect(ada.client.user).toBe('ada')
    await nobody.reached('closed')
    expect(came).toEqual(['ada'])
    expect(backend.paths).not.toContain('/elsewhere')
  })

  test.each(MOODS)('that is %s allows nothing, and does again when it is well', async (mood) => {
    const { backend, millrace, connect } = await world({ timeout: IMPATIENT })
    const [ada, eve] = [connect('token-of-ada').client, connect('token-of-eve').client]
    await Promise.all([ada.connect(), eve.connect()])
    await backend.become(mood)
    const heard: unknown[] = []
    const [mine, others] = [ada.channel('chat:staff'), eve.channel('chat:staff')]
    mine.on('message', (message) => heard.push(['ada', message]))
    others.on('message', (message) => heard.push(['eve', message]))
    const refused = new Promise((resolve) => {
      others.on('error', resolve)
    })
    await backend.asked(mood, { times: 4, path: '/millrace/authorize' })
    await millrace.publish('chat:staff', 'secret')
    expect([mine.state.name, others.state.name]).toEqual(['subscribing', 'subscribing'])
    await backend.become('well')
    await mine.subscribe()
    await expect(refused).resolves.toBeInstanceOf(MillraceError)
    await expect(refused).resolves.toMatchObject({ kind: 'forbidden' })
    const got = new Promise((resolve) => {
      mine.on('message', resolve)
    })
    await millrace.publish('chat:staff', 'more')
    expect(await got).toBe('more')
    expect(heard).toEqual([['ada', 'more']])
    expect(backend.paths).not.toContain('/elsewhere')
  })

  test('does not answer whom it does not know, and knows a new secret beside the old', async () => {
    const other = `whsec_${Buffer.alloc(24, 'another').toString('base64')}`
    const stranger = await world({ secret: other })
    const { client, states } = stranger.connect('token-of-ada')
    void client.connect().catch(() => {})
    await stranger.backend.asked('well', { times: 3 })
    expect(states).not.toContain('connected')
    expect(stranger.lines.join()).toContain('status 400')
    const rotating = await world({ secret: [other, SECRET] })
    await rotating.connect('token-of-ada').client.connect()
  })

  test('has no token in any log: neither in the server’s nor in its own', async () => {
    const { backend, connect, lines } = await world({ timeout: IMPATIENT })
    for (const mood of MOODS) {
      await backend.become(mood)
      const { client } = connect('token-of-ada', {
        cookie: 'sid=token-of-eve',
        authorization: 'Bearer hidden',
      })
      void client.connect().catch(() => {})
      await backend.asked(mood)
      await client.close()
    }
    await backend.become('well')
    await connect('token-of-ada').client.connect()
    const log = lines.join('\n')
    expect(log).toContain('the backend gave no answer that can be used')
    expect(backend.log).toContain('POST /millrace/auth')
    for (const one of [log, backend.log]) expect(one).not.toMatch(/token-of|hidden|whsec_|sid=/)
    expect(log).not.toContain(SECRET.slice(6))
  })

  test('that is not there lets nobody in', async () => {
    const { backend, connect, lines } = await world()
    await backend.stop()
    const { client, states } = connect('token-of-ada')
    void client.connect().catch(() => {})
    await vi.waitFor(() => expect(lines.join()).toContain('ECONNREFUSED'))
    expect(states).not.toContain('connected')
  })
})

/** A request, signed by node:crypto alone, and what is right to say of it. */
function signedRequests() {
  const body = '{"token":"grüße"}'
  const sign = (id: string, seconds: number, key = Buffer.from(SECRET.slice(6), 'base64')) => ({
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': `v1,${createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')}`,
  })
  const now = Math.floor(Date.now() / 1000)
  const good = sign('msg_1', now)
  const foreign = sign('msg_1', now, Buffer.alloc(32))
  const both = `${foreign['webhook-signature']} ${good['webhook-signature']}`
  return [
    { headers: good, body, is: true },
    { headers: { ...good, 'webhook-signature': both }, body, is: true },
    { headers: foreign, body, is: false },
    { headers: good, body: `${body} `, is: false },
    { headers: { ...good, 'webhook-id': 'msg_2' }, body, is: false },
    { headers: { ...good, 'webhook-timestamp': String(now + 1) }, body, is: false },
    { headers: sign('msg_1', now - 301), body, is: false },
    { headers: sign('msg_1', now + 3_600), body, is: false },
    { headers: { ...good, 'webhook-timestamp': 'now' }, body, is: false },
    { headers: { ...good, 'webhook-signature': 'grüße' }, body, is: false },
    { headers: {}, body, is: false },
  ]
}

/** What a program says of these requests, which it reads as JSON from standard input. */
async function verdicts(command: string, args: readonly string[], cwd: string): Promise<unknown> {
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' }
  const child = spawn(command, args, { cwd, env })
  child.stdin.end(JSON.stringify(signedRequests().map((request) => ({ ...request, secret: SECRET }))))
  const [said, problem] = await Promise.all([text(child.stdout), text(child.stderr)])
  return said === '' ? problem : JSON.parse(said)
}

describe('the examples of docs/backend-authorization.md', () => {
  const right = signedRequests().map(({ is }) => is)
  const page = readFileSync(join(EXAMPLES, '../../backend-authorization.md'), 'utf8')

  test.each(['verify.py', 'verify.go'])('%s is what the page shows', (file) => {
    expect(page).toContain(readFileSync(join(EXAMPLES, file), 'utf8').trimEnd())
  })

  test.skipIf(python === undefined)('in Python verifies what is right, and nothing else', async () => {
    const program = `
import json, sys
from verify import verify
print(json.dumps([verify(one["secret"], one["headers"], one["body"].encode()) for one in json.load(sys.stdin)]))`
    expect(await verdicts(python ?? '', ['-c', program], EXAMPLES)).toEqual(right)
  })
})
