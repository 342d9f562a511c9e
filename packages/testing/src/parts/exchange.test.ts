import { describe, expect, it } from 'vitest'
import { Exchange, type Responder } from './exchange.js'
import { Host } from './host.js'
import type { Connection } from './network.js'
import { Rng } from './rng.js'
import { Timeline } from './timeline.js'

/** A request that takes 10 ms on its way, and its answer, which takes as long. */
function ask(answer?: (responder: Responder) => void, before: (connection: Connection) => void = () => {}) {
  const timeline = new Timeline()
  const log: string[] = []
  const note = (what: string) => void log.push(`${what} ${timeline.elapsed}`)
  const [client, server] = [new Host('client', timeline), new Host('server', timeline)]
  let responder: Responder | undefined
  const exchange = new Exchange({
    ...{ timeline, rng: new Rng(1), latency: () => 10, client, server },
    arrived: (arrived) => {
      note('arrived')
      responder = arrived
      answer?.(arrived)
    },
    over: () => note('over'),
  })
  before(exchange.connection)
  exchange.send('hello')
  const read = async (): Promise<void> => {
    const { status, isEvents, pieces } = await exchange.answer
    note(`${status}${isEvents ? ' events' : ''}`)
    for await (const piece of pieces) note(`'${piece}'`)
    note('end')
  }
  read().catch((error: Error) => note(error.message))
  const answering = (): Responder => {
    if (responder === undefined) throw new Error('nothing has arrived')
    return responder
  }
  return { timeline, log, exchange, client, server, answering }
}

describe('an exchange', () => {
  it('brings a request, and then its answer in pieces, each when it comes', async () => {
    const { timeline, log, exchange, answering } = ask((responder) => {
      responder.head(200, true)
      responder.write('a')
    })
    await timeline.run(30)
    answering().write('bc')
    expect(answering().buffered).toBe(2)
    answering().end()
    expect(exchange.connection.isOver).toBe(false)
    await timeline.run(30)
    expect(log).toEqual(['arrived 10', '200 events 20', "'a' 20", "'bc' 40", 'over 40', 'end 40'])
    expect(answering().buffered).toBe(0)
  })

  it('says of an answer which is of no events that it is not', async () => {
    const { timeline, log } = ask((responder) => {
      responder.head(502, false)
      responder.end()
    })
    await timeline.run(30)
    expect(log).toEqual(['arrived 10', '502 20', 'over 20', 'end 20'])
  })

  it('breaks off after what was written before', async () => {
    const { timeline, log } = ask((responder) => {
      responder.head(200, true)
      responder.write('a')
      responder.fail()
    })
    await timeline.run(30)
    expect(log).toEqual(['arrived 10', '200 events 20', "'a' 20", 'over 20', 'The network broke 20'])
  })

  it.each(['fail', 'end'] as const)('without a beginning is a failure, by %s', async (how) => {
    const { timeline, log } = ask((responder) => responder[how]())
    await timeline.run(30)
    expect(log.slice(0, 2)).toEqual(['arrived 10', 'over 20'])
    expect(log[2]).toMatch(/^(The network broke|It ended before it had begun) 20$/)
  })

  it('that is given up is told the server, and brings nothing more', async () => {
    const { timeline, log, exchange, answering } = ask((responder) => responder.head(200, true))
    await timeline.run(20)
    const { abort } = exchange
    let gone = 0
    answering().onGone(() => gone++)
    abort()
    abort()
    answering().write('late')
    await timeline.run(9)
    expect(gone).toBe(0)
    await timeline.run(30)
    expect(gone).toBe(1)
    // Who asks later is told at once.
    answering().onGone(() => gone++)
    expect(gone).toBe(2)
    expect(log).toEqual(['arrived 10', '200 events 20', 'over 20', 'Aborted 20'])
  })

  it('can be cut, held up and lost as other connections can', async () => {
    const held = ask(
      (responder) => responder.end(),
      ({ toNode }) => toNode.hold(),
    )
    await held.timeline.run(100)
    held.exchange.connection.toNode.heal()
    await held.timeline.run(100)
    expect(held.log[0]).toBe('arrived 110')
    const cut = ask()
    cut.exchange.connection.cut({ tellsClient: true, tellsNode: false })
    await cut.timeline.run(100)
    // What is under way arrives all the same.
    expect(cut.log).toEqual(['over 0', 'The network broke 0', 'arrived 10'])
    const lost = ask(undefined, ({ toNode }) => toNode.lose())
    await lost.timeline.run(100)
    expect(lost.log).toEqual([])
    const unanswered = ask(
      (responder) => responder.head(200, true),
      ({ toClient }) => toClient.lose(),
    )
    await unanswered.timeline.run(100)
    expect(unanswered.log).toEqual(['arrived 10'])
  })
})
