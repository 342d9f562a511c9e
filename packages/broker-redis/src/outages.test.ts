import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { Clock, NewPublication } from '@millrace/server'
import { afterEach, describe, expect, it } from 'vitest'
import { KEEP, Listener, member, settle, text } from '../test/listeners.js'
import { freePort, type RedisOptions, RedisServer, redisServer } from '../test/redis-server.js'
import { RedisBroker, type RedisBrokerOptions } from './index.js'

const STATE = { ...KEEP, latest: true }
const ALL = { before: 99, limit: 99 } as const
const unavailable = { kind: 'unavailable', retryAfter: expect.any(Number) }
const closing: { close(): Promise<void> }[] = []

const server = async (options: RedisOptions = {}): Promise<RedisServer> => {
  const redis = await RedisServer.start(options)
  closing.push(redis)
  return redis
}
const node = async (redis: RedisServer, options: Partial<RedisBrokerOptions> = {}) => {
  const [broker, heard] = [new RedisBroker({ url: redis.url, ...options }), new Listener()]
  closing.push(broker)
  await broker.start(heard)
  return { broker, heard }
}
/** What starting says, which must be a failure. */
const failure = async (url: string, startTimeout = 300): Promise<Error> => {
  const broker = new RedisBroker({ url, startTimeout })
  return broker.start(new Listener()).then(
    () => broker.close().then(() => new Error('it started')),
    (error) => error,
  )
}

describe.skipIf(redisServer === undefined)('a Redis that goes away', () => {
  afterEach(async () => {
    // All at once, so that a broker that hangs leaves no Redis behind.
    await Promise.all(closing.splice(0).map((one) => one.close()))
  })

  it('[B1] [B11] loses nothing when it is killed and has an append-only file', async () => {
    const redis = await server({ aof: true })
    const { broker, heard } = await node(redis)
    await broker.join('a:b')
    await broker.join('a:left')
    const before = await broker.append('a:b', text(1, 'one'), KEEP)
    // Before it is killed: between its answer and what it tells subscribers it may be, and then that is not told again.
    await heard.until(() => heard.offsets.length === 1)
    await redis.kill()
    await expect(broker.append('a:b', text(2, 'two'), KEEP)).rejects.toMatchObject(unavailable)
    await expect(broker.join('a:c')).rejects.toMatchObject(unavailable)
    await broker.leave('a:left')
    await redis.start()
    await heard.until(() => heard.interruptions > 0)
    expect(await broker.append('a:b', text(1, 'one'), KEEP)).toEqual({ ...before, skipped: 'duplicate' })
    expect(await broker.append('a:b', text(2, 'two'), KEEP)).toEqual({ ...before, offset: 2 })
    await broker.append('a:left', text(1), KEEP)
    await heard.until(() => heard.offsets.length === 2)
    await settle(broker)
    expect(heard.publications.map(({ channel, offset }) => [channel, offset])).toEqual([
      ['a:b', 1],
      ['a:b', 2],
    ])
  })

  it('[B7] begins in another epoch when it comes back without data', async () => {
    const redis = await server()
    const { broker, heard } = await node(redis)
    const before = await broker.append('a:b', text(1), KEEP)
    await redis.kill()
    redis.wipe()
    await redis.start()
    await heard.until(() => heard.interruptions > 0)
    const { head, publications } = await broker.read('a:b', ALL, KEEP)
    expect([head.offset, publications]).toEqual([0, []])
    expect(head.epoch).not.toBe(before.epoch)
    expect(await broker.append('a:b', text(2), KEEP)).toEqual({ epoch: head.epoch, offset: 1 })
  })

  it('[B11] begins in another epoch, before anybody can look, when it comes back without its end', async () => {
    const redis = await server()
    const [one, two] = [await node(redis), await node(redis)]
    await two.broker.join('a:b')
    for (const n of [1, 2, 3]) await one.broker.append('a:b', text(n, `id-${n}`), KEEP)
    const saved = await one.broker.append('a:saved', text(1), KEEP)
    const whole = await one.broker.append('a:whole', text(1), KEEP)
    await redis.command('SAVE')
    const before = await one.broker.append('a:b', text(4, 'id-4'), KEEP)
    // Nobody listens to this one: the node that published remembers.
    await one.broker.append('a:saved', text(2), KEEP)
    await redis.kill()
    await redis.start()
    await Promise.all([one, two].map(({ heard }) => heard.until(() => heard.interruptions > 0)))
    const { head } = await two.broker.read('a:b', ALL, KEEP)
    expect(head.offset).toBe(0)
    expect(head.epoch).not.toBe(before.epoch)
    expect(await one.broker.append('a:b', text(3, 'id-3'), KEEP)).toEqual({ epoch: head.epoch, offset: 1 })
    const again = (await two.broker.read('a:saved', ALL, KEEP)).head
    expect([again.offset, again.epoch === saved.epoch]).toEqual([0, false])
    expect((await one.broker.read('a:whole', ALL, KEEP)).head).toEqual(whole)
  })

  it('[B11] an append cannot slip in between the return and the look', async () => {
    const redis = await server()
    const [one, two] = [await node(redis), await node(redis)]
    await two.broker.join('a:b')
    await one.broker.append('a:b', text(1), KEEP)
    await redis.command('SAVE')
    const before = await one.broker.append('a:b', text(2), KEEP)
    await settle(two.broker)
    // Takes the end away without anybody's connection noticing: the node that only listened knows of it too.
    await redis.command('HSET', 'millrace:{a:b}:meta', 'h', '1')
    await redis.command('XDEL', 'millrace:{a:b}:log', '2-0')
    const after = await two.broker.append('a:b', text(3), KEEP)
    expect(after.offset).toBe(1)
    expect(after.epoch).not.toBe(before.epoch)
  })

  it('[B11] [B14] [B15] brings no old value of a state back when it comes back without its end', async () => {
    const redis = await server()
    const [one, two] = [await node(redis), await node(redis)]
    const set = (key: string, what: unknown, more: Partial<NewPublication> = {}) =>
      one.broker.append('a:state', { ...text(what), key, ...more }, STATE)
    await two.broker.join('a:state')
    for (const key of ['a', 'b']) await set(key, 'old')
    const whole = await one.broker.append('a:whole', { ...text(1), key: 'a' }, STATE)
    await redis.command('SAVE')
    const before = await set('a', 'new')
    await set('b', null, { removed: true })
    await redis.kill()
    await expect(set('a', 'newer')).rejects.toMatchObject(unavailable)
    await redis.start()
    await Promise.all([one, two].map(({ heard }) => heard.until(() => heard.interruptions > 0)))
    const { head, publications } = await two.broker.read('a:state', ALL, STATE)
    expect([head.offset, publications, head.epoch === before.epoch]).toEqual([0, [], false])
    // The offsets of what is lost are no versions any more.
    expect(await set('a', 'newer', { expect: before.offset })).toEqual({ ...head, skipped: 'conflict' })
    expect(await set('a', 'newer', { expect: 0 })).toEqual({ ...head, offset: 1 })
    expect((await one.broker.read('a:whole', ALL, STATE)).head).toEqual(whole)
    expect((await one.broker.read('a:whole', ALL, STATE)).publications.length).toBe(1)
  })

  it('[B1] [B14] has a state as it was when it is killed and has an append-only file', async () => {
    const redis = await server({ aof: true })
    const { broker, heard } = await node(redis)
    for (let n = 0; n < 300; n++)
      await broker.append('a:state', { ...text(n), key: `${n % 7}` }, { ...STATE, size: 5 })
    const all = { before: 999, limit: 99 }
    const before = await broker.read('a:state', all, STATE)
    expect([before.publications.length, before.floor?.offset]).toEqual([5, 300])
    await redis.kill()
    await redis.start()
    await heard.until(() => heard.interruptions > 0)
    expect(await broker.read('a:state', all, STATE)).toEqual(before)
  })

  it('is noticed when it is frozen, and publishing again with the same id stores once', async () => {
    const redis = await server()
    const { broker, heard } = await node(redis)
    await broker.join('a:b')
    await broker.append('a:b', text(1), KEEP)
    redis.freeze()
    const begun = Date.now()
    const asked = [
      broker.append('a:b', text(2, 'two'), KEEP),
      broker.read('a:b', ALL, KEEP),
      broker.members('a:b'),
      broker.send('a:b', { data: { codec: 'json', text: '1' } }),
      broker.join('a:c'),
    ]
    for (const answer of await Promise.allSettled(asked))
      expect(answer).toMatchObject({ reason: unavailable })
    expect(Date.now() - begun).toBeLessThan(2_900)
    await expect(broker.append('a:b', text(2, 'two'), KEEP)).rejects.toMatchObject(unavailable)
    redis.thaw()
    await heard.until(() => heard.interruptions > 0)
    await broker.append('a:b', text(2, 'two'), KEEP)
    await broker.append('a:b', text(3, 'three'), KEEP)
    const { publications, head } = await broker.read('a:b', ALL, KEEP)
    expect([publications.map(({ id }) => id), head.offset]).toEqual([[undefined, 'two', 'three'], 3])
    await heard.until(() => heard.offsets.includes(3))
  })

  it.each([
    ['with', true],
    ['without', false],
  ])('[B8] has the members that it should have when it comes back %s data', async (_, aof) => {
    const redis = await server({ aof })
    const [one, two] = [await node(redis), await node(redis)]
    await one.broker.enter('a:b', member('a', 1))
    await two.broker.enter('a:b', member('b', 2))
    await two.broker.enter('a:b', member('c', 3))
    await redis.kill()
    await expect(two.broker.depart('a:b', 'c')).rejects.toMatchObject(unavailable)
    await expect(two.broker.enter('a:b', member('d', 4))).rejects.toMatchObject(unavailable)
    await expect(two.broker.enter('a:b', member('b', 5, 'new'))).rejects.toMatchObject(unavailable)
    await redis.start()
    await Promise.all([one, two].map(({ heard }) => heard.until(() => heard.interruptions > 0)))
    const members = await one.broker.members('a:b')
    expect([...members].sort((x, y) => x.since - y.since)).toEqual([member('a', 1), member('b', 2)])
    expect(await two.broker.count('a:b')).toBe(2)
  })

  it('[B13] agrees on the secret that running nodes have when it comes back without data', async () => {
    const redis = await server({ aof: false })
    const one = await node(redis)
    const secret = await one.broker.secret('first')
    await redis.kill()
    await redis.start()
    await one.heard.until(() => one.heard.interruptions > 0)
    const late = await node(redis)
    expect(await late.broker.secret('late')).toBe(secret)
  })

  it('is not left while it answers, though something always waits', async () => {
    const redis = await server()
    const { broker, heard } = await node(redis)
    const end = Date.now() + 2_000
    const publisher = async (): Promise<void> => {
      while (Date.now() < end) await broker.append('a:b', text(1), KEEP)
    }
    await Promise.all([publisher(), publisher(), publisher()])
    expect(heard.interruptions).toBe(0)
  })

  it('is not blamed when this process was blocked', async () => {
    const redis = await server()
    const { broker, heard } = await node(redis)
    await broker.join('a:b')
    const answer = broker.append('a:b', text(1), KEEP)
    // Lets the command leave, and then blocks for longer than a silent Redis is waited for.
    await new Promise((resolve) => setImmediate(resolve))
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_200)
    expect((await answer).offset).toBe(1)
    await settle(broker)
    expect([heard.offsets, heard.interruptions]).toEqual([[1], 0])
  })

  it('says so when there is nothing, or nothing that answers', async () => {
    const port = await freePort()
    expect(await failure(`redis://:secret@127.0.0.1:${port}`)).toMatchObject({
      ...unavailable,
      message: expect.stringMatching(`^Redis at 127.0.0.1:${port} cannot be reached: .*ECONNREFUSED`),
    })
    // It ends only when every connection to it was closed, so it shows that none is left behind.
    const silent = createServer((socket) => void socket.resume())
    await new Promise<void>((resolve) => void silent.listen(port, '127.0.0.1', resolve))
    const error = await failure(`redis://:secret@127.0.0.1:${port}`)
    await new Promise<unknown>((resolve) => void silent.close(resolve))
    expect(error.message).toMatch(/cannot be reached: no answer within \d+ ms/)
    expect(String(error.stack)).not.toContain('secret')
  })

  it('says so at once when the password is wrong or missing', async () => {
    const redis = await server({ password: 'right' })
    const wrong = await failure(redis.url.replace('//', '//:secret@'), 5_000)
    expect(wrong.message).toBe(`Redis at 127.0.0.1:${redis.port} does not accept this user and password`)
    const missing = await failure(redis.url, 5_000)
    expect(missing.message).toContain(`needs a password: redis://:PASSWORD@127.0.0.1:${redis.port}`)
    const broker = new RedisBroker({ url: redis.url.replace('//', '//:right@') })
    await broker.start(new Listener())
    await broker.close()
  })

  it('needs no more of Redis than the README says', async () => {
    const redis = await server()
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
    const commands = /and the commands\s`([^`]*)`/.exec(readme)?.[1]?.split(/\s+/) ?? []
    await redis.command(
      ...['ACL', 'SETUSER', 'app', 'reset', 'on', '>pw', '~millrace:*', '&millrace:*'],
      ...commands.map((command) => `+${command}`),
    )
    const { broker, heard } = await node(redis, { url: redis.url.replace('//', '//app:pw@') })
    await broker.join('a:b')
    // A stream this small and short, so that everything that is done only sometimes is done.
    for (const n of [1, 2, 3]) await broker.append('a:b', text(n, `id-${n}`), { size: 2, ttl: 1 })
    await broker.read('a:b', ALL, { size: 2, ttl: 0 })
    for (const n of [1, 2, 3])
      await broker.append(
        'a:state',
        { ...text(n), key: `${n}`, expect: 0 },
        { size: 2, ttl: 1, latest: true },
      )
    await broker.read('a:state', ALL, { size: 2, ttl: 0, latest: true })
    await broker.heads([{ channel: 'a:b', position: { epoch: '', offset: 0 } }])
    await broker.send('a:b', { data: { codec: 'json', text: '1' } })
    await broker.enter('a:b', member('a', 1))
    await broker.enter('a:b', member('b', 1))
    await broker.depart('a:b', 'b')
    expect([await broker.count('a:b'), (await broker.members('a:b')).length]).toEqual([1, 1])
    await broker.depart('a:b', 'a')
    await broker.secret('one')
    await broker.leave('a:b')
    await broker.close()
    expect([heard.offsets, await redis.command('EXISTS', 'millrace:{a:b}:members')]).toEqual([[1, 2, 3], 0])
  })

  it('is waited for while it starts', async () => {
    const redis = await server()
    await redis.kill()
    const broker = new RedisBroker({ url: redis.url })
    closing.push(broker)
    const started = broker.start(new Listener())
    await redis.start()
    await started
    expect((await broker.append('a:b', text(1), KEEP)).offset).toBe(1)
  })
})

/** A clock that can be stopped, as a node's is when it dies: nothing that it scheduled happens. */
class StoppableClock implements Clock {
  isStopped = false
  now(): number {
    return Date.now()
  }
  schedule(delay: number, task: () => void): () => void {
    const timer = setTimeout(() => {
      if (this.isStopped) this.schedule(50, task)
      else task()
    }, delay)
    timer.unref()
    return () => clearTimeout(timer)
  }
}

describe.skipIf(redisServer === undefined)('a node that dies', () => {
  afterEach(async () => {
    await Promise.all(closing.splice(0).map((one) => one.close()))
  })

  it('[B8] loses its members within 15 seconds, each told once; they return with it', {
    timeout: 40_000,
  }, async () => {
    const redis = await server()
    const clock = new StoppableClock()
    const [dying, one, two] = [await node(redis, { clock }), await node(redis), await node(redis)]
    await one.broker.join('a:b')
    await dying.broker.enter('a:b', member('a', 1))
    await one.broker.enter('a:b', member('b', 2))
    await dying.broker.enter('a:b', member('c', 3))
    clock.isStopped = true
    const died = Date.now()
    await one.heard.until(() => one.heard.events.length >= 5)
    expect(Date.now() - died).toBeLessThan(15_000)
    expect(one.heard.events.slice(3).sort()).toEqual(['departed a', 'departed c'])
    expect(await two.broker.members('a:b')).toEqual([member('b', 2)])
    expect(await two.broker.count('a:b')).toBe(1)
    clock.isStopped = false
    await one.heard.until(() => one.heard.events.length >= 7)
    expect(one.heard.events.slice(5).sort()).toEqual(['joined a', 'joined c'])
    const sessions = (await two.broker.members('a:b')).map(({ session }) => session)
    expect(sessions).toHaveLength(3)
    expect(sessions[0]).toBe('b')
  })
})
