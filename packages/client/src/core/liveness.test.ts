import { describe, expect, it } from 'vitest'
import { FakeClock } from '../../test/clock.js'
import { watchOver } from './liveness.js'

/** Heartbeat 10 s, patience 5 s: silence is doubted after 12.5 s, in waits of 1.25 s. */
function watched(clock = new FakeClock()) {
  const log: string[] = []
  const liveness = watchOver(
    clock,
    { heartbeat: 10_000, patience: 5_000 },
    {
      ping: () => {
        log.push('ping')
        liveness.said()
      },
      doubt: (reason) => log.push(reason ?? 'heard'),
      dead: () => log.push('dead'),
    },
  )
  return { clock, log, liveness }
}

describe('liveness', () => {
  it('does nothing while frames come, with one timer and none per frame [P7.2]', async () => {
    const { clock, log, liveness } = watched()
    for (let i = 0; i < 100; i++) {
      await clock.advance(3_000)
      liveness.heard()
      expect(clock.waiting).toBe(1)
    }
    expect(log).toEqual([])
  })

  it('asks after heartbeat and half of patience, and takes silence for death after both [P7.2]', async () => {
    const { clock, log } = watched()
    await clock.advance(12_499)
    expect(log).toEqual([])
    await clock.advance(1)
    expect(log).toEqual(['ping', 'Nothing heard for 13 s'])
    await clock.advance(2_499)
    expect(log).toHaveLength(2)
    await clock.advance(1)
    expect(log).toEqual(['ping', 'Nothing heard for 13 s', 'dead'])
    expect(clock.waiting).toBe(0)
  })

  it('counts from the last frame, not from the last look', async () => {
    const { clock, log, liveness } = watched()
    await clock.advance(9_000)
    liveness.heard()
    await clock.advance(12_499)
    expect(log).toEqual([])
    await clock.advance(1)
    expect(log[0]).toBe('ping')
  })

  it('is at ease again with any frame, and then needs the whole silence anew', async () => {
    const { clock, log, liveness } = watched()
    await clock.advance(13_000)
    liveness.heard()
    expect(log).toEqual(['ping', 'Nothing heard for 13 s', 'heard'])
    await clock.advance(12_499)
    expect(log).toHaveLength(3)
    await clock.advance(2)
    expect(log[3]).toBe('ping')
  })

  it('after a nap pings, waits its whole patience, and kills nothing that answers [P7.2]', async () => {
    const { clock, log, liveness } = watched()
    await clock.sleep(14_000)
    expect(log).toEqual(['ping', 'Nothing heard for 14 s'])
    await clock.advance(4_900)
    expect(log).toHaveLength(2)
    liveness.heard()
    await clock.advance(12_000)
    expect(log).toEqual(['ping', 'Nothing heard for 14 s', 'heard'])
  })

  it('after a nap takes for dead what does not answer within patience [P7.2]', async () => {
    const { clock, log } = watched()
    await clock.sleep(14_000)
    await clock.advance(4_999)
    expect(log).not.toContain('dead')
    await clock.advance(1)
    expect(log.at(-1)).toBe('dead')
  })

  it('after a sleep in which the server gave it up waits for a quarter of that [P7.2]', async () => {
    const { clock, log, liveness } = watched()
    await clock.sleep(3_600_000)
    expect(log).toEqual(['ping', 'Nothing heard for 3600 s'])
    await clock.advance(1_200)
    liveness.heard()
    await clock.advance(12_000)
    expect(log).toEqual(['ping', 'Nothing heard for 3600 s', 'heard'])
    await clock.sleep(3_600_000)
    await clock.advance(1_249)
    expect(log).not.toContain('dead')
    await clock.advance(1)
    expect(log.at(-1)).toBe('dead')
  })

  it('does so too when it is told that it woke up [P7.2]', async () => {
    const { clock, log, liveness } = watched()
    clock.set(clock.now() + 16_000)
    liveness.probe()
    await clock.advance(1_249)
    expect(log).toEqual(['ping'])
    await clock.advance(1)
    expect(log).toEqual(['ping', 'dead'])
  })

  it.each([
    ['a nap', (clock: FakeClock) => clock.sleep(4_000)],
    ['a nap in which timers stand still', async (clock: FakeClock) => clock.set(clock.now() + 4_000)],
  ])(
    'after %s has patience with a slow link, though it heard nothing for long, for the server heard it [P7.2]',
    async (_, nap) => {
      // It speaks without being answered, so the server neither pings nor answers: 12 s of silence are nothing.
      const { clock, log, liveness } = watched()
      await clock.advance(12_000)
      liveness.said()
      await nap(clock)
      liveness.probe()
      expect(log).toContain('ping')
      // There and back takes two seconds and more.
      await clock.advance(2_500)
      liveness.heard()
      await clock.advance(12_000)
      expect(log).not.toContain('dead')
    },
  )

  it.each([
    [20_000, 20_000, 1_250],
    [20_000, 15_001, 1_250],
    [20_000, 15_000, 5_000],
    [20_000, 4_000, 5_000],
    [15_000, 15_000, 5_000],
    [4_000, 20_000, 5_000],
  ])(
    'woken up, having heard nothing for %i ms and said nothing for %i, waits for %i [P7.2]',
    async (heardAgo, saidAgo, waits) => {
      const { clock, log, liveness } = watched()
      const now = clock.now() + 20_000
      clock.set(now - heardAgo)
      liveness.heard()
      clock.set(now - saidAgo)
      liveness.said()
      clock.set(now)
      liveness.probe()
      await clock.advance(waits - 1)
      expect(log).toEqual(['ping'])
      await clock.advance(1)
      expect(log).toEqual(['ping', 'dead'])
    },
  )

  it('takes a server that is blocked for 20 s for dead, not one that is for 14 s, nor one 2 s away [P7.2]', async () => {
    for (const [answersAfter, lives] of [
      [20_000, false],
      [14_000, true],
      // It is asked after 12.5 s.
      [12_500 + 2_000, true],
    ] as const) {
      const { clock, log, liveness } = watched()
      await clock.advance(answersAfter)
      if (!log.includes('dead')) liveness.heard()
      await clock.advance(5_000)
      expect([answersAfter, !log.includes('dead')]).toEqual([answersAfter, lives])
    }
  })

  it('pings anew and begins its patience anew when a wait itself was late: a second sleep, a blocked loop', async () => {
    const { clock, log } = watched()
    await clock.advance(12_500)
    await clock.sleep(60_000)
    expect(log).toEqual(['ping', 'Nothing heard for 13 s', 'ping'])
    await clock.advance(4_999)
    expect(log).not.toContain('dead')
    await clock.advance(1)
    expect(log.at(-1)).toBe('dead')
  })

  it('does not live for ever on timers that are always late', async () => {
    const { clock, log } = watched()
    for (let minute = 0; minute < 20 && !log.includes('dead'); minute++) await clock.sleep(60_000)
    expect(log.filter((line) => line === 'ping')).toHaveLength(5)
    expect(log.at(-1)).toBe('dead')
  })

  it('a throttled tab with an answering peer never kills it', async () => {
    const { clock, log, liveness } = watched()
    for (let minute = 0; minute < 100; minute++) {
      await clock.sleep(60_000)
      if (log.at(-1) !== 'heard') liveness.heard()
    }
    expect(log).not.toContain('dead')
  })

  it('probes at once when asked, without doubt being told, and takes silence for death after patience', async () => {
    const { clock, log, liveness } = watched()
    await clock.advance(1_000)
    liveness.heard()
    liveness.probe()
    expect(log).toEqual(['ping'])
    await clock.advance(4_999)
    expect(log).toEqual(['ping'])
    await clock.advance(1)
    expect(log).toEqual(['ping', 'dead'])
  })

  it('is put off by one silence at most when the clock is set back, not by a day', async () => {
    const { clock, log } = watched()
    await clock.advance(6_000)
    clock.set(clock.now() - 86_400_000)
    await clock.advance(6_500 + 12_500)
    expect(log[0]).toBe('ping')
    await clock.advance(2_500)
    expect(log.at(-1)).toBe('dead')
  })

  it('takes a clock that is set forward for sleep: it asks, and kills nothing', async () => {
    const { clock, log, liveness } = watched()
    await clock.advance(6_000)
    clock.set(clock.now() + 86_400_000)
    await clock.advance(6_500)
    expect(log[0]).toBe('ping')
    await clock.advance(1_000)
    liveness.heard()
    expect(log.at(-1)).toBe('heard')
  })

  it('says nothing once stopped', async () => {
    const { clock, log, liveness } = watched()
    liveness.stop()
    await clock.advance(100_000)
    expect(log).toEqual([])
  })

  it('after a silence of both that the server cannot have suffered hears nothing but the answer to its ping [P7.2]', async () => {
    const asleep = async () => {
      const all = watched()
      await all.clock.sleep(20_000)
      all.log.length = 0
      // What lay unread since before.
      all.liveness.heard(false)
      await all.clock.advance(1_000)
      all.liveness.heard(false)
      return all
    }
    const dead = await asleep()
    await dead.clock.advance(250)
    expect(dead.log).toEqual(['dead'])
    const alive = await asleep()
    alive.liveness.heard(true)
    await alive.clock.advance(12_000)
    expect(alive.log).toEqual(['heard'])
    alive.liveness.heard(false)
    await alive.clock.advance(12_000)
    expect(alive.log).toEqual(['heard'])
  })
})
