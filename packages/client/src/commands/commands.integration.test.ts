/** Commands from the server's application and from clients to a device, over real sockets. */
import { call, defineApi, MillraceError } from '@millrace/protocol'
import { createServer } from '@millrace/server'
import { afterEach, describe, expect, expectTypeOf, it } from 'vitest'
import { WebSocket } from 'ws'
import * as z from 'zod'
import { FaultyNetwork } from '../../../../test/support/faulty-network.js'
import { createCommands } from '../commands.entry.js'
import { createClient } from '../index.js'

const api = defineApi({
  calls: {
    'valve.set': call({
      request: z.object({ open: z.boolean() }),
      response: z.object({ litres: z.number() }),
      wait: { ttl: '1h', size: 2 },
    }),
    'valve.read': call({ response: z.number() }),
  },
})
type User = { readonly id: string }

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function serve() {
  const server = createServer<typeof api, User>({
    api,
    auth: ({ token = '' }) => ({ id: token }),
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  })
  closers.push(() => server.close())
  const { port } = await server.listen({ port: 0, host: '127.0.0.1' })
  return { server, port, pump: server.user('pump') }
}

function join(port: number, token: string) {
  const client = createClient<typeof api>({
    url: `ws://127.0.0.1:${port}/millrace`,
    webSocket: WebSocket,
    token,
    autoConnect: false,
    backoff: { base: 10, cap: 50 },
  })
  closers.push(() => client.close())
  return client
}

describe('[P5.16] commands', () => {
  it('are stored, listed, cancelled, and carried out by the device when it comes', async () => {
    const { pump, port } = await serve()
    const kept = await pump.command('valve.set', { open: true }, { key: 'v3', id: 'k-1', ttl: '10m' })
    const dropped = await pump.command('valve.set', { open: false }, { key: 'v3', timeout: '2s' })
    expect(kept.id).toBe('k-1')
    const [first, second] = await pump.commands()
    expect(first).toMatchObject({
      id: 'k-1',
      method: 'valve.set',
      request: { open: true },
      key: 'v3',
      state: 'waiting',
    })
    expect((first?.expires ?? 0) - (first?.asked ?? 0)).toBe(600_000)
    expect((second?.expires ?? 0) - (second?.asked ?? 0)).toBe(3_600_000)
    await expect(pump.command('valve.set', { open: true })).rejects.toMatchObject({ kind: 'limit-exceeded' })
    expect([await pump.cancel(dropped.id), await pump.cancel(dropped.id)]).toEqual([true, false])
    await expect(dropped.answer).rejects.toMatchObject({ kind: 'aborted' })
    const device = join(port, 'pump')
    const ids: string[] = []
    createCommands(device).handle('valve.set', ({ id, request }) => {
      ids.push(id)
      return { litres: request.open ? 12 : 0 }
    })
    await device.connect()
    const answer = await kept.answer
    expectTypeOf(answer).toEqualTypeOf<{ litres: number }>()
    expect([answer, ids, await pump.commands()]).toEqual([{ litres: 12 }, ['k-1'], []])
  })

  it('say what is wrong with them', async () => {
    const { server, pump } = await serve()
    await expect(pump.command('valve.read', null)).rejects.toMatchObject({
      kind: 'not-available',
      field: 'ttl',
    })
    await expect(pump.command('valve.set', { open: true }, { ttl: '2h' })).rejects.toMatchObject({
      kind: 'limit-exceeded',
      field: 'ttl',
    })
    await expect(pump.command('valve.set', { open: true }, { id: '' })).rejects.toThrow(
      'id must have 1 to 255',
    )
    await expect(pump.command('valve.set', { open: true }, { key: 'k'.repeat(256) })).rejects.toThrow(
      'key must have',
    )
    // @ts-expect-error: no such call
    await expect(pump.command('valve.paint', {})).rejects.toMatchObject({ kind: 'unknown-method' })
    // @ts-expect-error: open is a boolean
    await expect(pump.command('valve.set', { open: 'wide' })).rejects.toMatchObject({
      kind: 'invalid-payload',
    })
    // @ts-expect-error: only users have devices that come and go
    expect(server.session('s').command).toBeUndefined()
  })

  it('[P5.17] [P5.18] of a client are done once and answered, though both ends are cut meanwhile', async () => {
    const { server, port } = await serve()
    server.relay('valve.set', ({ to }) => to.user === 'pump')
    const [near, far] = [new FaultyNetwork(port), new FaultyNetwork(port)]
    const [ann, device] = [join(await near.listen(), 'ann'), join(await far.listen(), 'pump')]
    closers.push(
      () => near.close(),
      () => far.close(),
    )
    let done = 0
    createCommands(device).handle('valve.set', async () => {
      near.cut()
      far.cut()
      await new Promise((resolve) => setTimeout(resolve, 150))
      return { litres: ++done }
    })
    await Promise.all([ann.connect(), device.connect()])
    const answer = await ann.call('valve.set', { open: true }, { to: { user: 'pump' }, ttl: '1m' })
    expect([answer, done]).toEqual([{ litres: 1 }, 1])
    expect(near.connections + far.connections).toBeGreaterThan(3)
  })

  it('end with what the device throws', async () => {
    const { pump, port } = await serve()
    const device = join(port, 'pump')
    createCommands(device).handle('valve.set', () => {
      throw new MillraceError('application-error', { message: 'It is stuck' })
    })
    await device.connect()
    const { answer } = await pump.command('valve.set', { open: true })
    await expect(answer).rejects.toMatchObject({ kind: 'application-error', message: 'It is stuck' })
  })
})
