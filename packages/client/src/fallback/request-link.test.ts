import { writeEvent, writeFrame } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { settle } from '../../test/clock.js'
import { FakeNetwork, frames, OPEN, polling } from '../../test/requests.js'

const CLOSE = writeEvent('close', { code: 4502, reason: 'Bye' })

describe('[P8.4] a link by polling', () => {
  it('is opened by a request with nothing else in it, and asks when there is something to say, which goes along', async () => {
    const network = new FakeNetwork()
    const { link, log } = network.link('poll')
    expect(network.requests).toEqual([])
    await settle()
    expect(network.last('poll').body).toEqual({ seq: 1, frames: [] })
    await network.last('poll').reply(OPEN)
    await network.clock.advance(5000)
    expect([log, network.count('poll')]).toEqual([['opened '], 1])
    link.send('"connect"')
    link.send('"ping"')
    await settle()
    expect(network.last('poll').body).toEqual({
      ...{ link: 'n.1', seq: 1, ack: 0, wait: 25_000 },
      frames: ['"connect"', '"ping"'],
    })
    expect([link.buffered, link.sizeOf('"größer"')]).toEqual([15, 10])
    await network.last('poll').reply(frames(1, 2))
    expect(log.slice(1)).toEqual(['"f1"', '"f2"'])
    expect(network.last('poll').body).toEqual({ link: 'n.1', seq: 3, ack: 2, wait: 25_000, frames: [] })
    expect([link.buffered, network.count('send')]).toEqual([0, 0])
  })

  it('asks at once when something is said in the moment it opens', async () => {
    const network = new FakeNetwork()
    const { log } = network.link('poll', { opened: (link) => link.send('"ping"') })
    await settle()
    await network.last('poll').reply(OPEN)
    expect(network.last('poll').body).toMatchObject({ seq: 1, frames: ['"ping"'] })
    expect([log, network.count('send')]).toEqual([['opened '], 0])
  })

  it('says what is said meanwhile by a request of its own', async () => {
    const { network, link } = await polling()
    link.send('"c2"')
    link.send('"c3"')
    await settle()
    expect(network.last('send').body).toEqual({ link: 'n.1', seq: 2, frames: ['"c2"', '"c3"'] })
    expect(network.count('poll')).toBe(3)
  })

  it('takes along what answers an event', async () => {
    const network = new FakeNetwork()
    const { link } = network.link('poll', { frame: (made) => made.send('"pong"') })
    await settle()
    await network.last('poll').reply(OPEN)
    link.send('"c1"')
    await settle()
    await network.last('poll').reply(frames(1, 1))
    expect(network.last('poll').body).toMatchObject({ seq: 2, frames: ['"pong"'] })
    expect(network.count('send')).toBe(0)
  })

  it('finds out when it has to whether what went along has come, for polls are held', async () => {
    const { network, link } = await polling()
    link.send('"c2"')
    await settle()
    await network.last('send').reply()
    expect([network.count('send'), link.buffered]).toEqual([1, 0])
    await network.last('poll').head()
    link.send('"c3"')
    await network.last('poll').piece(frames(2, 2))
    await network.last('poll').end()
    expect(network.last('poll').body.frames).toEqual(['"c3"'])
    await network.clock.advance(5000)
    expect([network.count('send'), link.buffered]).toEqual([1, 4])
    link.flush()
    await settle()
    expect(network.last('send').body).toMatchObject({ seq: 3, frames: ['"c3"'] })
    await network.last('send').reply()
    expect(link.buffered).toBe(0)
  })

  it('does not keep what is said for an answer that is long in coming to its end', async () => {
    const { network, link, clock } = await polling()
    const answer = await network.last('poll').head()
    link.send('"c2"')
    await clock.advance(99)
    expect(network.count('send')).toBe(0)
    await clock.advance(1)
    expect(network.last('send').body.frames).toEqual(['"c2"'])
    await answer.end()
  })

  it('is told again what it has, and hears it once', async () => {
    const { network, log, clock } = await polling()
    const half = await network.last('poll').head()
    await half.piece(frames(2, 3) + frames(4, 4).slice(0, -3))
    await half.fail()
    await clock.advance(2000)
    expect(network.last('poll').body.ack).toBe(3)
    await network.last('poll').reply(frames(2, 5))
    expect(log).toEqual(['"f2"', '"f3"', '"f4"', '"f5"'])
    expect(network.last('poll').body.ack).toBe(5)
  })

  it('outlives an answer that ends early without an error', async () => {
    const { network, log } = await polling()
    await network.last('poll').reply(frames(2, 4).slice(0, -1))
    expect([log, network.last('poll').body.ack]).toEqual([['"f2"', '"f3"'], 3])
  })

  it('hears nothing of what leaves a hole, and ends: something is wrong', async () => {
    const { network, log } = await polling()
    await network.last('poll').reply(frames(2, 2) + writeFrame('"x"', 4) + CLOSE)
    expect(log).toEqual(['"f2"', 'closed 1006 Something is missing'])
  })

  it('ends when the server says so, with its code, and asks no more', async () => {
    const { network, log, link, clock } = await polling()
    await network.last('poll').reply(frames(2, 2) + CLOSE + frames(3, 3))
    link.send('"late"')
    link.close(1000)
    await clock.advance(60_000)
    expect(log).toEqual(['"f2"', 'closed 4502 Bye'])
    expect([network.requests.length, clock.waiting]).toEqual([3, 0])
  })

  it('gives a poll up when nothing comes for longer than the server may hold it', async () => {
    const { network, log, clock } = await polling()
    await clock.advance(34_999)
    expect(network.count('poll')).toBe(3)
    await clock.advance(1)
    expect([network.count('poll'), log]).toEqual([4, []])
  })

  it.each([
    ['an answer of its own', '', 200],
    ['no answer', '', 0],
    ['503', '', 503],
    ['502', '<html>', 502],
  ])(
    'asks later and later while %s comes at once, and without delay when it is well again',
    async (_, body, status) => {
      const { network, clock, log } = await polling()
      const waits: number[] = []
      for (let count = 3; count <= 9; count++) {
        if (status === 0) await network.last('poll').fail()
        else await network.last('poll').reply(body, status)
        const before = clock.now()
        await clock.until(() => network.count('poll') > count)
        waits.push(clock.now() - before)
      }
      expect(waits).toEqual([100, 200, 400, 800, 1000, 1000, 1000])
      await network.last('poll').reply(frames(2, 2))
      expect([log, network.count('poll')]).toEqual([['"f2"'], 11])
    },
  )

  it('gives up when nothing else has come for five seconds, and says what came', async () => {
    const { network, clock, log } = await polling()
    const before = clock.now()
    for (let count = 3; log.length === 0 && count < 100; count++) {
      await network.last('poll').reply('', 503)
      await clock.until(() => network.count('poll') > count || log.length > 0)
    }
    expect(log).toEqual(['closed 1006 The server answered 503'])
    expect(clock.now() - before).toBeGreaterThan(5000)
    expect(clock.now() - before).toBeLessThan(7000)
  })

  it('does not give up as long as anything comes between, nor because it is told nothing', async () => {
    const { network, clock, log } = await polling()
    for (let no = 2; no < 50; no++) {
      await network.last('poll').fail()
      await clock.advance(400)
      await network.last('poll').reply(frames(no, no))
      await clock.advance(400)
    }
    expect(log.at(-1)).toBe('"f49"')
    const idle = await polling()
    for (let count = 0; count < 20; count++) {
      await idle.network.last('poll').reply()
      await idle.clock.advance(2000)
    }
    expect(idle.log).toEqual([])
  })

  it.each([410, 400, 403, 404, 409, 413])('ends when it is answered %i', async (status) => {
    const { network, log, clock } = await polling()
    await network.last('poll').reply('for people', status)
    await clock.advance(10_000)
    expect([log, network.count('poll')]).toEqual([[`closed 1006 The server answered ${status}`], 3])
  })

  it.each([
    ['no answer comes', 0, true, 'No answer of the server came'],
    ['a page is answered', 200, false, 'No answer of the server came'],
    ['the server is busy', 503, false, 'The server answered 503'],
    ['there is nothing', 404, false, 'The server answered 404'],
    ['the answer names no connection', 200, true, 'The server answered 200'],
  ])('does not open when %s', async (_, status, isEvents, why) => {
    const network = new FakeNetwork()
    const { log } = network.link('poll')
    await settle()
    if (status === 0) await network.last('poll').fail()
    else await network.last('poll').reply('<html>\n\n', status, isEvents)
    await network.clock.advance(10_000)
    expect(log).toEqual([`closed 1006 ${why}`])
    expect([network.requests.length, network.clock.waiting]).toEqual([1, 0])
  })

  it('does not believe a page that comes instead of an answer: what went along is said again', async () => {
    const { network, link, log, clock } = await polling()
    await network.last('poll').reply(frames(2, 2))
    const page = network.last('poll')
    link.send('"c2"')
    await settle()
    await page.reply('<html>Log in to the hotel</html>', 200, false)
    await network.last('send').reply('<html>Log in to the hotel</html>', 200, false)
    await clock.advance(1000)
    expect(network.last('send').body).toEqual({ link: 'n.1', seq: 2, frames: ['"c2"'] })
    expect([log, link.buffered]).toEqual([['"f2"'], 4])
  })

  it('does not trust an answer it cannot read', async () => {
    const { network, log, clock } = await polling()
    await network.last('poll').reply('event:close\ndata:<html>\n\n')
    await clock.advance(1000)
    expect([log, network.count('poll')]).toEqual([[], 4])
  })
})

describe('[P8.3] an answer that gets lost after commands went up', () => {
  it('is not waited for: three seconds later the next poll is told it again', async () => {
    const { network, link, log, clock } = await polling()
    link.send('"c2"')
    await settle()
    await clock.advance(1000)
    await network.last('send').reply()
    await clock.advance(2999)
    expect(network.count('poll')).toBe(3)
    await clock.advance(1)
    expect(network.count('poll')).toBe(4)
    await network.last('poll').reply(frames(2, 2))
    expect(log).toEqual(['"f2"'])
    // Nothing else was said, so nothing else is expected.
    await clock.advance(24_000)
    expect(network.count('poll')).toBe(5)
  })

  it('[P7.2] is not lost while it comes, however slowly', async () => {
    const { network, link, log, told, clock } = await polling()
    const poll = network.last('poll')
    link.send('"c2"')
    await settle()
    await network.last('send').reply()
    await poll.head()
    const [answer, count] = [frames(2, 2), network.count('poll')]
    for (const letter of answer) {
      await clock.advance(2900)
      await poll.piece(letter)
    }
    expect([log, told.parts, poll.isAborted]).toEqual([['"f2"'], answer.length - 1, false])
    // What comes no more is waited for as long as an answer is.
    await poll.piece('i')
    await clock.advance(9999)
    expect([poll.isAborted, network.count('poll')]).toEqual([false, count])
    await clock.advance(1)
    expect(poll.isAborted).toBe(true)
  })

  it('is no reason to hold polls for less', async () => {
    const { network, link, clock } = await polling()
    for (let count = 0; count < 6; count++) {
      link.send('"c"')
      await settle()
      await network.last('send').reply()
      await clock.advance(3000)
    }
    expect([network.count('poll'), network.pace.wait]).toEqual([9, 25_000])
  })

  it('is not lost when anything comes', async () => {
    const { network, link, clock } = await polling()
    link.send('"c2"')
    await settle()
    await network.last('send').reply()
    await clock.advance(2000)
    await network.last('poll').reply(frames(2, 2))
    await clock.advance(20_000)
    expect(network.count('poll')).toBe(4)
  })
})

describe('[P8.4] where held polls break', () => {
  async function impatient() {
    const world = await polling()
    for (let count = 0; count < 8; count++) {
      await world.clock.advance(1500)
      await world.network.last('poll').fail()
    }
    await world.clock.advance(3000)
    return world
  }

  it('they are held for less, and then not at all: it asks every three seconds', async () => {
    const { network, clock } = await impatient()
    expect(network.last('poll').body.wait).toBe(0)
    const before = network.count('poll')
    for (let second = 0; second < 60; second++) {
      await network.last('poll').reply()
      await clock.advance(1000)
    }
    expect(network.count('poll') - before).toBeLessThan(26)
    expect(network.count('poll') - before).toBeGreaterThan(17)
  })

  it('it asks at once when there is something to say, which goes along, and soon again for what comes of it', async () => {
    const { network, link, clock, log } = await impatient()
    for (let count = 0; count < 7; count++) {
      await network.last('poll').reply()
      await clock.advance(3000)
    }
    await network.last('poll').reply()
    const before = network.count('poll')
    const sends = network.count('send')
    await clock.advance(500)
    link.send('"check for updates"')
    await settle()
    expect(network.last('poll').body).toMatchObject({ seq: 2, wait: 0, frames: ['"check for updates"'] })
    await network.last('poll').reply()
    await clock.advance(100)
    expect(network.count('poll') - before).toBe(2)
    await network.last('poll').reply(frames(2, 2))
    expect(log).toEqual(['"f2"'])
    await clock.advance(100)
    expect([network.count('poll') - before, network.count('send') - sends]).toEqual([3, 0])
  })

  it('longer waits are tried again later', async () => {
    const { network, clock } = await impatient()
    for (let second = 0; second < 480; second++) {
      await network.last('poll').reply()
      await clock.advance(1000)
    }
    expect(network.last('poll').body.wait).toBe(2000)
  })
})

describe('[P8.7] closing', () => {
  it.each(['poll', 'stream'] as const)(
    'a %s says the code and what was said last, and then lets go',
    async (kind) => {
      const network = new FakeNetwork()
      const { link, log } = network.link(kind)
      await settle()
      const opening = await network.last(kind).head()
      await opening.piece(OPEN)
      if (kind === 'poll') await opening.end()
      link.send('"c1"')
      await settle()
      link.send('"c2"')
      await settle()
      link.close(3000)
      link.close(1000)
      link.send('"never"')
      await settle()
      expect(network.last('close').body).toEqual({
        link: 'n.1',
        seq: 1,
        code: 3000,
        frames: ['"c1"', '"c2"'],
      })
      const out = network.last(kind)
      expect([network.last('send').isAborted, out.isAborted]).toEqual([true, false])
      await network.last('close').reply()
      expect([out.isAborted, network.count('close'), log]).toEqual([true, 1, ['opened ']])
      await network.clock.advance(2000)
      expect(network.clock.waiting).toBe(0)
    },
  )

  it('is said when the page goes, as a browser says it of a WebSocket; and once', async () => {
    const { network, link } = await polling()
    expect(network.pages.size).toBe(1)
    for (const tell of network.pages) tell()
    await settle()
    expect(network.last('close').body).toMatchObject({ link: 'n.1', code: 1001 })
    link.close(1000)
    expect([network.count('close'), network.pages.size]).toEqual([1, 0])
    const other = await polling()
    await other.network.last('poll').reply(CLOSE)
    expect(other.network.pages.size).toBe(0)
  })

  it('is said of a stream as well that the browser broke off before it told the page to go, and no later', async () => {
    for (const after of [399, 400]) {
      const network = new FakeNetwork()
      network.link('stream')
      await settle()
      const stream = await network.last('stream').head()
      await stream.piece(OPEN)
      await stream.fail()
      await network.clock.advance(after)
      for (const tell of network.pages) tell()
      await settle()
      expect(network.count('close')).toBe(after < 400 ? 1 : 0)
      if (after < 400)
        expect(network.last('close').body).toEqual({ link: 'n.1', seq: 1, code: 1001, frames: [] })
    }
  })

  it('lets go all the same when nobody answers', async () => {
    const { network, link, clock } = await polling()
    link.close(3000)
    await clock.advance(1000)
    expect(network.last('poll').isAborted).toBe(true)
    await network.last('close').fail()
    await clock.advance(60_000)
    expect([network.requests.length, clock.waiting]).toEqual([4, 0])
  })

  it('before there is a connection, or anything was asked, only lets go', async () => {
    const network = new FakeNetwork()
    const { link, log } = network.link('poll')
    await settle()
    link.close(1000)
    await settle()
    expect([network.requests.length, network.last('poll').isAborted, log]).toEqual([1, true, []])
    const early = network.link('poll')
    early.link.close(1000)
    await settle()
    expect([early.log, network.requests.length]).toEqual([[], 1])
    expect(network.clock.waiting).toBe(0)
  })

  it('before anything was said ends it all the same', async () => {
    const network = new FakeNetwork()
    const { link } = network.link('poll')
    await settle()
    await network.last('poll').reply(OPEN)
    link.close(1000)
    await network.last('close').reply()
    expect([network.count('poll'), network.count('close'), network.clock.waiting]).toEqual([1, 1, 0])
  })

  it('while it rests leaves nothing running', async () => {
    const { network, link, clock } = await polling()
    await network.last('poll').fail()
    link.close(1000)
    await clock.advance(60_000)
    expect([network.count('poll'), clock.waiting]).toEqual([3, 0])
  })
})
