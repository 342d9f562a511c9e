import { describe, expect, it } from 'vitest'
import { settle } from '../../test/clock.js'
import { connected, HEARTBEAT, PATIENCE, world } from '../../test/world.js'

describe('heartbeats', () => {
  it('answers the server, and stays connected on nothing but its pings [P7.1]', async () => {
    const w = await connected()
    for (let beat = 1; beat <= 20; beat++) {
      await w.clock.advance(HEARTBEAT)
      await w.socket.push('ping', {})
      expect(w.socket.count('pong')).toBe(beat)
    }
    expect(w.socket.count('ping')).toBe(0)
    expect(w.states).toEqual(['connecting', 'connected'])
  })

  it('is degraded when nothing came for longer than the heartbeat, and connected again with any frame', async () => {
    const w = await connected()
    await w.clock.advance(HEARTBEAT + PATIENCE / 2)
    expect(w.client.state).toMatchObject({ name: 'degraded', reason: 'Nothing heard for 13 s' })
    await w.socket.raw('[]')
    expect(w.client.state.name).toBe('connected')
  })

  it('takes the connection for dead after heartbeat and patience [P7.2]', async () => {
    const w = await connected()
    await w.clock.advance(HEARTBEAT + PATIENCE - 1)
    expect(w.socket.closed).toBeUndefined()
    await w.clock.advance(1)
    expect(w.socket.closed?.code).toBe(4002)
    expect(w.client.state).toMatchObject({ name: 'reconnecting', reason: 'The server fell silent' })
  })

  it('asks for an answer when a ping came by polling, and takes the server for dead after patience without one [P8.7]', async () => {
    const w = world()
    void w.client.connect()
    await settle()
    w.socket.via = { name: 'poll', slow: true }
    await w.socket.accept()
    for (let beat = 1; beat <= 3; beat++) {
      await w.clock.advance(HEARTBEAT)
      await w.socket.push('ping', {})
      expect([w.socket.count('pong'), w.socket.count('ping')]).toEqual([beat, beat])
      await w.clock.advance(PATIENCE - 1)
      await w.socket.reply('ping', 'pong', {})
    }
    // Nobody was in doubt, so there is nothing to tell: the client says once that it polls.
    expect(w.states).toEqual(['connecting', 'connected', 'degraded'])
    await w.clock.advance(HEARTBEAT)
    await w.socket.push('ping', {})
    await w.clock.advance(PATIENCE - 1)
    expect(w.socket.closed).toBeUndefined()
    await w.clock.advance(1)
    expect(w.socket.closed?.code).toBe(4002)
  })

  it('survives sleep when the server does, and asks for a pong it will get [P7.2] [P7.3]', async () => {
    const w = await connected()
    await w.clock.sleep(8 * 3_600_000)
    expect(w.socket.closed).toBeUndefined()
    const ping = w.socket.last('ping')
    expect(ping.id).toBeGreaterThan(0)
    await w.socket.reply('ping', 'pong', {})
    expect(w.client.state.name).toBe('connected')
    expect(w.sockets).toHaveLength(1)
  })

  it('takes the server for dead that does not answer after sleep', async () => {
    const w = await connected()
    await w.clock.sleep(8 * 3_600_000)
    expect(w.client.state.name).toBe('degraded')
    await w.clock.advance(PATIENCE)
    expect(w.client.state.name).toBe('reconnecting')
  })
})

describe('closing', () => {
  it('ends the session, rejects what is pending, and rests [P1.8]', async () => {
    const w = await connected()
    const stored = w.client.channel('chat:lobby').publish('hi')
    const answered = w.client.call('sum', [1, 2])
    await settle()
    w.client.close('Enough')
    expect(w.socket.closed).toEqual({ code: 1000, reason: 'Enough' })
    expect(w.client.state).toMatchObject({ name: 'closed', code: 1000, reason: 'Enough' })
    await expect(stored).rejects.toMatchObject({ kind: 'aborted', message: 'Enough' })
    await expect(answered).rejects.toMatchObject({ kind: 'aborted' })
    await settle()
    expect(w.clock.waiting).toBe(0)
    expect(w.watchers).toBe(0)
    expect(w.reports).toEqual([])
  })

  it('refuses what is asked of a closed client, which does not connect for it', async () => {
    const w = world()
    w.client.close()
    w.client.close()
    await expect(w.client.channel('chat:lobby').publish('hi')).rejects.toMatchObject({ kind: 'aborted' })
    await expect(w.client.channel('chat:lobby').subscribe()).rejects.toMatchObject({ kind: 'aborted' })
    await expect(w.client.call('sum', 1)).rejects.toMatchObject({ kind: 'aborted' })
    expect(w.sockets).toHaveLength(0)
    expect(w.states).toEqual(['closed'])
  })

  it('begins again with connect(), also from within the event of its close', async () => {
    const w = await connected()
    const off = w.client.on('state', ({ name }) => {
      if (name === 'closed') void w.client.connect()
    })
    w.client.close()
    off()
    await settle()
    expect(w.sockets).toHaveLength(2)
    await w.socket.accept()
    expect(w.client.state.name).toBe('connected')
    const stored = w.client.channel('chat:lobby').publish('hi')
    await settle()
    expect(w.socket.count('publish')).toBe(1)
    w.client.close()
    await expect(stored).rejects.toMatchObject({ kind: 'aborted' })
  })

  it('can be closed in every state, from within the event of that state', async () => {
    for (const name of ['connecting', 'connected', 'degraded', 'reconnecting', 'offline'] as const) {
      const w = world()
      w.client.on('state', (state) => {
        if (state.name === name) w.client.close()
      })
      void w.client.connect()
      await settle()
      if (name !== 'connecting') await w.socket.accept()
      if (name === 'degraded') await w.clock.advance(HEARTBEAT + PATIENCE / 2)
      w.online = name !== 'offline'
      if (name === 'reconnecting' || name === 'offline') await w.socket.drop()
      expect(w.client.state, name).toMatchObject({ name: 'closed', code: 1000 })
      await w.clock.advance(60_000)
      expect(w.clock.waiting, name).toBe(0)
      expect(w.reports).toEqual([])
    }
  })
})
