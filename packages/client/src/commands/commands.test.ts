import { MillraceError } from '@millrace/protocol'
import { describe, expect, it, vi } from 'vitest'
import type { EntryStore } from '../outbox/entry.js'
import { Commands, type CommandsClient, type CommandsOptions, type ReceivedCommand } from './commands.js'
import type { CommandEntry } from './entry.js'

/** Calls handlers as a client would. */
class FakeClient implements CommandsClient {
  readonly handlers = new Map<string, (call: ReceivedCommand) => unknown>()
  handle(method: string, handler: (call: ReceivedCommand) => unknown): () => void {
    this.handlers.set(method, handler)
    return () => this.handlers.delete(method)
  }
  /** A call comes, maybe again. */
  async call(id: string, request: unknown = null): Promise<unknown> {
    return this.handlers.get('open')?.({ id, request })
  }
}

/** A store that outlives processes. */
class Shelf implements EntryStore<CommandEntry> {
  readonly entries = new Map<string, CommandEntry>()
  fails = false
  async open(): Promise<readonly CommandEntry[]> {
    if (this.fails) throw new Error('forbidden')
    return [...this.entries.values()]
  }
  async put(entry: CommandEntry): Promise<void> {
    if (this.fails) throw new Error('full')
    // As a store does: what is not plain data is lost.
    this.entries.set(entry.id, JSON.parse(JSON.stringify(entry)))
  }
  async remove(id: string): Promise<void> {
    if (this.fails) throw new Error('forbidden')
    this.entries.delete(id)
  }
  close(): void {}
}

function life(options: CommandsOptions = {}) {
  const client = new FakeClient()
  let now = 1000
  const commands = new Commands(client, options, () => now)
  const handler = vi.fn(({ request }: ReceivedCommand): unknown => `did ${String(request)}`)
  commands.handle('open', handler)
  const advance = (ms: number): void => {
    now += ms
  }
  return { client, commands, handler, advance }
}

describe('[P5.18] a device', () => {
  it('carries a command out once, and answers it the same whenever it comes', async () => {
    const { client, handler } = life()
    expect([await client.call('k', 1), await client.call('k', 1)]).toEqual(['did 1', 'did 1'])
    expect(await client.call('l', 2)).toBe('did 2')
    expect(handler.mock.calls).toEqual([[{ id: 'k', request: 1 }], [{ id: 'l', request: 2 }]])
  })

  it('waits for what is being done when it comes again', async () => {
    const { client, handler } = life()
    let finish = (_: string): void => {}
    handler.mockImplementationOnce(() => new Promise((resolve) => (finish = resolve)))
    const [first, second] = [client.call('k'), client.call('k')]
    await vi.waitFor(() => expect(handler).toHaveBeenCalledTimes(1))
    finish('done')
    expect(await Promise.all([first, second, client.call('k')])).toEqual(['done', 'done', 'done'])
    expect(handler).toHaveBeenCalledTimes(1)
  })

  it('answers an error the same again: its own, or one of the table', async () => {
    const { client, handler } = life()
    handler.mockImplementationOnce(() => {
      throw new Error('stuck')
    })
    handler.mockRejectedValueOnce(new MillraceError('forbidden', { message: 'Not you', field: 'data' }))
    handler.mockRejectedValueOnce('just text')
    for (let time = 0; time < 2; time++) {
      await expect(client.call('k')).rejects.toMatchObject({ kind: 'application-error', message: 'stuck' })
      await expect(client.call('l')).rejects.toMatchObject({
        kind: 'forbidden',
        message: 'Not you',
        field: 'data',
      })
      await expect(client.call('m')).rejects.toMatchObject({ message: 'just text' })
    }
    expect(handler).toHaveBeenCalledTimes(3)
  })

  it('remembers so many, the latest, and for so long; never forgetting what is being done', async () => {
    const { client, handler, advance } = life({ limits: { count: 3, age: '10s' } })
    let finish = (): void => {}
    handler.mockImplementationOnce(() => new Promise<void>((resolve) => (finish = resolve)))
    const slow = client.call('slow')
    for (const id of ['a', 'b', 'c', 'd']) await client.call(id)
    expect(handler).toHaveBeenCalledTimes(5)
    for (const id of ['d', 'c']) await client.call(id)
    expect(handler).toHaveBeenCalledTimes(5)
    await client.call('a')
    expect(handler).toHaveBeenCalledTimes(6)
    advance(10_001)
    await client.call('e')
    await client.call('a')
    expect(handler).toHaveBeenCalledTimes(8)
    const again = client.call('slow')
    finish()
    await Promise.all([slow, again])
    expect(handler).toHaveBeenCalledTimes(8)
  })

  it('that was restarted knows what it did, from its store', async () => {
    const store = new Shelf()
    const first = life({ store })
    await first.client.call('k', 1)
    first.handler.mockRejectedValueOnce(new Error('stuck'))
    await first.client.call('l').catch(() => {})
    first.commands.close()
    expect(first.client.handlers.size).toBe(0)
    const second = life({ store })
    expect(await second.client.call('k', 1)).toBe('did 1')
    await expect(second.client.call('l')).rejects.toMatchObject({ message: 'stuck' })
    expect(second.handler).not.toHaveBeenCalled()
  })

  it.each([
    ['fail', 0],
    ['repeat', 1],
  ] as const)('that lost its power in the middle of one: %s', async (interrupted, times) => {
    const store = new Shelf()
    const first = life({ store })
    first.handler.mockImplementationOnce(() => new Promise(() => {}))
    void first.client.call('k', 1)
    await vi.waitFor(() => expect(first.handler).toHaveBeenCalled())
    const second = life({ store, interrupted })
    const answer = second.client.call('k', 1)
    if (interrupted === 'repeat') expect(await answer).toBe('did 1')
    else await expect(answer).rejects.toMatchObject({ kind: 'application-error', message: /interrupted/ })
    expect(second.handler).toHaveBeenCalledTimes(times)
  })

  it('has the store forget what it forgets', async () => {
    const store = new Shelf()
    const { client } = life({ store, limits: { count: 2 } })
    for (const id of ['a', 'b', 'c']) await client.call(id)
    await vi.waitFor(() => expect([...store.entries.keys()]).toEqual(['b', 'c']))
  })

  it('goes on without a store that fails, and says so', async () => {
    const store = new Shelf()
    store.fails = true
    const onStoreError = vi.fn()
    const { client, handler } = life({ store, onStoreError, limits: { count: 1 } })
    for (const id of ['a', 'a', 'b']) expect(await client.call(id, 1)).toBe('did 1')
    expect(handler).toHaveBeenCalledTimes(2)
    await vi.waitFor(() => expect(onStoreError).toHaveBeenCalledTimes(6))
    const quiet = life({ store })
    expect(await quiet.client.call('a', 1)).toBe('did 1')
  })

  it.each([
    [{ limits: { count: 0 } }, 'limits.count'],
    [{ limits: { age: 'soon' as never } }, 'limits.age'],
    [{ interrupted: 'maybe' as never }, "interrupted must be 'fail' or 'repeat'"],
  ])('refuses a wrong option: %o', (options, message) => {
    expect(() => life(options)).toThrow(message)
  })
})
