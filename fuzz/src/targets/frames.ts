import {
  Connection,
  type ConnectionPort,
  encodeFrame,
  type MessageKind,
  messageHead,
  type Role,
} from '@millrace/server/engine'
import { concat, cutAt, fromHex, toHex } from '../bytes.js'
import { Random, seedOf } from '../random.js'
import { hold, type Target } from '../target.js'
import { makeFrames, randomCuts } from './frame-maker.js'
import { type FrameEvent, type OracleRules, readAll } from './frame-oracle.js'

const LIMITS = { maxFrameBytes: 5_000, maxMessageBytes: 8_000, maxFragments: 12, maxInflatedBytes: 8_000 }
const ORACLE_LIMITS = { maxFrame: 5_000, maxMessage: 8_000, maxFragments: 12 }

/**
 * The frame parser and the connection above it, without compression, as server and as client. `limits` are what the
 * oracle goes by; a test gives it others than the engine has, to see that a difference is found.
 */
export function framesTarget(role: Role, limits: Omit<OracleRules, 'masked'> = ORACLE_LIMITS): Target {
  const masked = role === 'server'
  return {
    name: `frames-${role}`,
    about: `RFC 6455 frames, read by a ${role}`,
    make: (random) => makeFrames(random, { masked }),
    run: (input) => {
      const expected = readAll(input, { masked, ...limits })
      const random = new Random(seedOf(input))
      const ways = [
        [],
        Array.from({ length: Math.min(input.byteLength, 300) }, (_, i) => i + 1),
        randomCuts(input.byteLength, random),
      ]
      for (const cuts of ways) {
        const record = listen(role, cutAt(input, cuts))
        const way = cuts.length === 0 ? 'whole' : `cut at ${cuts.slice(0, 6)}…`
        hold(
          sameEvents(record.told, expected),
          `${way}: told ${show(record.told)}, expected ${show(expected)}`,
        )
        checkOutput(record, expected)
      }
      checkEncoding(role, expected)
      return expected
        .map((event) =>
          'code' in event
            ? `${event.is}${event.code}`
            : `${event.is}${Math.min(event.payload.length, 260) >> 6}`,
        )
        .join()
    },
  }
}

interface Recorded {
  /** What the application was told, and the end. Pings are not told to it. */
  readonly told: FrameEvent[]
  readonly written: { readonly head: number; readonly payload: Uint8Array }[]
  ended: number
}

function listen(role: Role, chunks: readonly Uint8Array[]): Recorded {
  const record: Recorded = { told: [], written: [], ended: 0 }
  const port: ConnectionPort = {
    writeFrame: (head, payload) => record.written.push({ head, payload: payload.slice() }),
    expectEnd: () => {},
    endOutput: () => {},
    onMessage: (kind: MessageKind, payload) => record.told.push({ is: kind, payload: toHex(payload) }),
    onPong: (payload) => record.told.push({ is: 'pong', payload: toHex(payload) }),
    onClose: (code, reason, wasClean) => {
      record.ended++
      if (wasClean) record.told.push({ is: 'close', code, reason })
      else if (code !== 1006) record.told.push({ is: 'failure', code })
    },
  }
  const rules = { masked: role === 'server', compression: false, limits: LIMITS }
  const connection = new Connection(port, { role, rules })
  for (const chunk of chunks) connection.receive(chunk)
  connection.transportEnd()
  connection.transportEnd()
  return record
}

function sameEvents(told: readonly FrameEvent[], expected: readonly FrameEvent[]): boolean {
  return JSON.stringify(told) === JSON.stringify(expected.filter(({ is }) => is !== 'ping'))
}

/** What a connection sends must itself be legal: pongs for pings, one Close, nothing after it. */
function checkOutput({ written, ended }: Recorded, expected: readonly FrameEvent[]): void {
  hold(ended === 1, `the end was told ${ended} times`)
  const closes = written.filter(({ head }) => head === 0x88)
  const last = expected.at(-1)
  const over = last?.is === 'close' || last?.is === 'failure'
  hold(closes.length === (over ? 1 : 0), `${closes.length} Closes were sent`)
  hold(closes.length === 0 || written.at(-1)?.head === 0x88, 'something was sent after Close')
  for (const { payload } of written)
    hold(payload.byteLength <= 125, 'a control frame above 125 octets was sent')
  const [close] = closes
  const code =
    close === undefined || close.payload.byteLength === 0
      ? 1005
      : ((close.payload[0] ?? 0) << 8) | (close.payload[1] ?? 0)
  if (last !== undefined && 'code' in last)
    hold(code === last.code, `Close ${code} was sent, ${last.code} expected`)
  const pongs = written.filter(({ head }) => head === 0x8a).map(({ payload }) => toHex(payload))
  const pings = expected.flatMap((event) => (event.is === 'ping' ? [event.payload] : []))
  // §5.5.3: not every ping must be answered, but the last one, unless the connection is over by then.
  let at = -1
  for (const pong of pongs) {
    at = pings.indexOf(pong, at + 1)
    hold(at >= 0, `a pong ${pong} without its ping, or out of order`)
  }
  hold(over || pings.length === 0 || pongs.at(-1) === pings.at(-1), 'the last ping was not answered')
}

/** What was read and is written again is read the same. */
function checkEncoding(role: Role, events: readonly FrameEvent[]): void {
  const messages = events
    .filter((event) => 'payload' in event)
    .filter(({ is }) => is === 'text' || is === 'binary')
  const frames = messages.map((event, i) =>
    encodeFrame(
      messageHead(event.is as MessageKind),
      fromHex(event.payload),
      role === 'server' ? 0x01020304 + i : undefined,
    ),
  )
  if (messages.some((event) => event.payload.length / 2 > LIMITS.maxFrameBytes)) return
  const again = listen(role, [concat(frames)])
  hold(
    sameEvents(again.told, messages),
    `written again: told ${show(again.told)}, expected ${show(messages)}`,
  )
}

function show(events: readonly FrameEvent[]): string {
  const shown = events
    .slice(-4)
    .map((event) =>
      'code' in event ? `${event.is} ${event.code}` : `${event.is} ${event.payload.slice(0, 24)}`,
    )
  return `[${events.length > 4 ? '… ' : ''}${shown.join(', ')}]`
}
