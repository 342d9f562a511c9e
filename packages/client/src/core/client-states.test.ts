import { describe, expect, it } from 'vitest'
import { type ClientEvent, type ClientState, initialState, printStates, transition } from './client-states.js'

const lost: ClientEvent = { type: 'away', reason: 'cut', attempt: 1, retryAt: 50 }
const events: readonly ClientEvent[] = [
  { type: 'open' },
  { type: 'established' },
  { type: 'late', reason: 'silence' },
  { type: 'heard' },
  lost,
  { type: 'again', reason: 'refused', attempt: 1 },
  { type: 'awayOffline', reason: 'cut', attempt: 1 },
  { type: 'close', reason: 'enough', code: 1000 },
]

/** A client in each state, brought there by events. */
const start = initialState(1)
const connecting = transition(start, { type: 'open' }, 2)
const connected = transition(connecting, { type: 'established' }, 3)
const degraded = transition(connected, { type: 'late', reason: 'silence' }, 4)
const reconnecting = transition(connected, lost, 5)
const offline = transition(connected, { type: 'awayOffline', reason: 'cut', attempt: 1, retryAt: 90 }, 6)
const closed = transition(connected, { type: 'close', reason: 'enough', code: 1000 }, 7)

describe('the client states', () => {
  it('begin at rest, unlike after a close without a code', () => {
    expect(start).toEqual({ name: 'closed', since: 1, reason: 'not used yet' })
    expect(closed).toEqual({ name: 'closed', since: 7, reason: 'enough', code: 1000 })
  })

  it('carry the fields of their event and no others', () => {
    expect(connecting).toEqual({ name: 'connecting', since: 2 })
    expect(connected).toEqual({ name: 'connected', since: 3 })
    expect(degraded).toEqual({ name: 'degraded', since: 4, reason: 'silence' })
    expect(reconnecting).toEqual({ name: 'reconnecting', since: 5, reason: 'cut', attempt: 1, retryAt: 50 })
    expect(offline).toEqual({ name: 'offline', since: 6, reason: 'cut', attempt: 1, retryAt: 90 })
    expect(transition(degraded, { type: 'heard' }, 9)).toEqual({ name: 'connected', since: 9 })
  })

  it('keep since while the name stays', () => {
    const attempt = transition(reconnecting, { type: 'away', reason: 'cut', attempt: 1 }, 60)
    expect(attempt).toEqual({ name: 'reconnecting', since: 5, reason: 'cut', attempt: 1 })
    const again = transition(attempt, { ...lost, attempt: 2, retryAt: 200 }, 70)
    expect(again).toEqual({ name: 'reconnecting', since: 5, reason: 'cut', attempt: 2, retryAt: 200 })
  })

  it.each<[ClientState, readonly string[]]>([
    [start, ['open', 'close']],
    [connecting, ['established', 'again', 'awayOffline', 'close']],
    [connected, ['late', 'away', 'awayOffline', 'close']],
    [degraded, ['late', 'heard', 'away', 'awayOffline', 'close']],
    [reconnecting, ['established', 'away', 'awayOffline', 'close']],
    [offline, ['established', 'again', 'away', 'awayOffline', 'close']],
    [closed, ['open', 'close']],
  ])('take from %j exactly the events of the table; any other throws', (state, legal) => {
    for (const event of events) {
      const take = () => transition(state, event, 10)
      if (legal.includes(event.type)) expect(take).not.toThrow()
      else expect(take).toThrow(`No '${event.type}' while ${state.name}`)
    }
  })

  it('are drawn in docs/client-states.md as the table has them', async () => {
    const page = `# The states of a client

Printed from the table in packages/client/src/core/client-states.ts: do not edit. \`npx vitest run packages/client -u\` prints it
anew. What the states mean is in [client.md](client.md#states).

\`\`\`mermaid
${printStates()}\`\`\`
`
    await expect(page).toMatchFileSnapshot('../../../../docs/client-states.md')
  })
})
