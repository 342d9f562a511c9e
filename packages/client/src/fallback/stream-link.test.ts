import { writeEvent, writeFrame } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { settle } from '../../test/clock.js'
import { FakeNetwork, OPEN } from '../../test/requests.js'

const CLOSE = writeEvent('close', { code: 4502, reason: 'Bye' })

describe('[P8.6] a link by a stream', () => {
  async function streaming() {
    const network = new FakeNetwork()
    const { link, log, told } = network.link('stream')
    await settle()
    const stream = await network.last('stream').head()
    await stream.piece(OPEN)
    return { network, link, log, told, stream, clock: network.clock }
  }

  it('hears what comes as it comes, however it is cut, and says the rest by requests of their own', async () => {
    const { network, link, log, stream } = await streaming()
    expect(network.last('stream').body).toEqual({ seq: 1, frames: [] })
    for (const letter of `${writeFrame('"f1"')}${writeFrame('"f2"')}`) await stream.piece(letter)
    link.send('"c2"')
    await settle()
    expect(network.last('send').body).toEqual({ link: 'n.1', seq: 1, frames: ['"c2"'] })
    expect(log).toEqual(['opened ', '"f1"', '"f2"'])
  })

  it('[P7.2] tells of every part of a long event that something comes, once it has proved to work', async () => {
    const { log, told, stream } = await streaming()
    const [first, second] = [writeFrame('"f1"'), writeFrame('"f2"')]
    await stream.piece(first.slice(0, 5))
    expect(told.parts).toBe(0)
    await stream.piece(first.slice(5))
    for (const part of [second.slice(0, 3), '', second.slice(3, 6), second.slice(6, -1)])
      await stream.piece(part)
    expect([log, told.parts]).toEqual([['opened ', '"f1"'], 3])
    await stream.piece(second.slice(-1))
    expect([log, told.parts]).toEqual([['opened ', '"f1"', '"f2"'], 3])
  })

  it('is open when it has a name', async () => {
    const network = new FakeNetwork()
    const { log } = network.link('stream')
    await settle()
    const stream = await network.last('stream').head()
    expect(log).toEqual([])
    await stream.piece(OPEN.slice(0, -1))
    expect(log).toEqual([])
    await stream.piece(OPEN.slice(-1))
    await stream.piece(OPEN)
    expect([log, network.requests.length]).toEqual([['opened '], 1])
  })

  it.each([
    ['it ends', (stream: { end(): Promise<void> }) => stream.end(), 'The stream ended'],
    ['it breaks', (stream: { fail(): Promise<void> }) => stream.fail(), 'No answer of the server came'],
  ])('is over when %s, and is not asked for again', async (_, happens, why) => {
    const { log, stream, clock, network } = await streaming()
    await happens(stream)
    await clock.advance(60_000)
    expect(log.at(-1)).toBe(`closed 1006 ${why}`)
    expect(network.count('stream')).toBe(1)
  })

  it('is over with the server’s code', async () => {
    const { log, stream } = await streaming()
    await stream.piece(CLOSE)
    await stream.end()
    expect(log.slice(1)).toEqual(['closed 4502 Bye'])
    expect(stream.isAborted).toBe(true)
  })

  it('knows better how it ended than an answer to commands that came first', async () => {
    const { network, link, log, stream, clock } = await streaming()
    link.send('"c2"')
    await settle()
    await network.last('send').reply('', 410)
    await clock.advance(500)
    await stream.piece(CLOSE)
    await clock.advance(5000)
    expect(log.slice(1)).toEqual(['closed 4502 Bye'])
  })

  it('is over when commands are not taken and nothing says why', async () => {
    const { network, link, log, clock } = await streaming()
    link.send('"c2"')
    await settle()
    await network.last('send').reply('', 410)
    await clock.advance(1000)
    expect(log.slice(1)).toEqual(['closed 1006 The server answered 410'])
  })

  it('waits as long as it takes', async () => {
    const { log, clock, network } = await streaming()
    await clock.advance(3_600_000)
    expect([log.slice(1), network.requests.length]).toEqual([[], 1])
  })
})
