/** What goes wrong in an application under test must not pass unnoticed. */
import { afterEach, describe, expect, it } from 'vitest'
import { closeAll, loose, make } from '../../test/chat.js'
import { TestbedError } from '../index.js'

afterEach(closeAll)

const boom = () => {
  throw new Error('boom')
}

describe('an error that nobody handles', () => {
  it('of a handler comes out of settle(), with where it was and its cause', async () => {
    const bed = await make()
    bed.server.handle('blink', boom)
    await expect(bed.client({ token: 'a' }).call('blink', 1)).rejects.toMatchObject({
      kind: 'internal-error',
    })
    const error = (await bed.settle().catch((thrown: unknown) => thrown)) as TestbedError
    expect(error).toBeInstanceOf(TestbedError)
    expect(error.message).toBe(
      "Nobody handled this: the handler of 'blink': boom\nWhere it is meant to happen, take it with takeErrors().",
    )
    expect(error.cause).toMatchObject({ message: 'boom' })
    // It is told once.
    await bed.settle()
  })

  it.each(['settle', 'advance', 'until', 'close'] as const)('comes out of %s()', async (how) => {
    const bed = await loose()
    bed.server.channel('inbox:{user}').authorize(boom)
    const alice = bed.client({ token: 'alice' })
    await expect(alice.channel('inbox:alice').publish('x')).rejects.toMatchObject({ kind: 'internal-error' })
    const telling =
      how === 'advance' ? bed.advance('1s') : how === 'until' ? bed.until(() => false) : bed[how]()
    await expect(telling).rejects.toThrow("Nobody handled this: the authorize hook of 'inbox:{user}': boom")
    if (how !== 'close') await bed.close()
  })

  it('can be taken instead', async () => {
    const bed = await make()
    bed.server.handle('blink', boom)
    await expect(bed.client({ token: 'a' }).call('blink', 1)).rejects.toMatchObject({
      kind: 'internal-error',
    })
    expect(bed.takeErrors()).toEqual([{ where: "the handler of 'blink'", error: new Error('boom') }])
    expect(bed.takeErrors()).toEqual([])
    await bed.settle()
  })

  it('comes with the others there are', async () => {
    const bed = await make({ auth: boom })
    bed.server.on('connect', boom)
    const [one, two] = [bed.client({ name: 'one' }), bed.client({ name: 'two' })]
    void one.connect()
    void two.connect()
    const error = (await bed.settle().catch((thrown: unknown) => thrown)) as TestbedError
    expect(error.message).toMatch(/^Nobody handled this: \n {2}- auth: boom\n {2}- auth: boom\nWhere/)
    expect(error.cause).toBeInstanceOf(AggregateError)
    for (const client of [one, two]) client.close()
  })

  it('of a listener of a client, or a refusal that nobody waits for, bears the client’s name', async () => {
    const bed = await make()
    const alice = bed.client({ name: 'alice', token: 'alice' })
    const room = alice.channel('chat:lobby')
    room.on('message', boom)
    await room.subscribe()
    await room.publish('hi')
    await expect(bed.settle()).rejects.toThrow('Nobody handled this: alice: boom')
    alice.channel('chat:cellar').on('message', () => {})
    await expect(bed.settle()).rejects.toThrow("alice: Not allowed: subscribe on 'chat:cellar'")
    const heard: Error[] = []
    alice.on('error', (error) => heard.push(error))
    await room.publish('again')
    await bed.settle()
    expect(heard).toEqual([new Error('boom')])
  })

  it('of a listener of the server says which', async () => {
    const bed = await make()
    bed.server.on('connect', boom)
    await bed.client({ token: 'alice' }).connect()
    await expect(bed.settle()).rejects.toThrow(
      "Nobody handled this: the server (a 'connect' listener failed): boom",
    )
  })

  it('of a timer of the clock comes out where it fell due', async () => {
    const bed = await make()
    bed.clock.schedule(1000, boom)
    await expect(bed.advance('2s')).rejects.toThrow('boom')
    bed.clock.schedule(0, boom)
    await expect(bed.until(() => false, '1s')).rejects.toThrow('boom')
  })

  it('is not one when it is an answer: a MillraceError of a handler', async () => {
    const bed = await make()
    await expect(bed.client({ token: 'a' }).call('shout', '')).rejects.toThrow('Nothing to shout')
    await bed.settle()
  })

  it('of a process that has died, nobody hears', async () => {
    const bed = await make()
    bed.server.handle('blink', async () => {
      await bed.sleep('1s')
      throw new Error('boom')
    })
    const call = expect(bed.client({ token: 'a' }).call('blink', 1)).rejects.toMatchObject({
      kind: 'connection-lost',
    })
    await bed.settle()
    await bed.restart()
    await bed.advance('2s')
    await call
  })

  it('goes to the logger as well, with all else the server logs', async () => {
    const logged: string[] = []
    const logger = {
      debug() {},
      info() {},
      warn: (text: string) => void logged.push(text),
      error: (text: string) => void logged.push(text),
    }
    const bed = await make({ logger })
    bed.server.handle('blink', boom)
    await expect(bed.client({ token: 'a' }).call('blink', 1)).rejects.toMatchObject({
      kind: 'internal-error',
    })
    expect([logged, bed.takeErrors().length]).toEqual([['a command failed'], 1])
  })
})
