import { describe, expect, it } from 'vitest'
import { CLIENT_RULES, fromHex, SERVER_RULES, toHex } from '../../test/frame-recorder.js'
import { Connection, type ConnectionPort, type ConnectionSettings } from './connection.js'
import { type ConnectionEvent, nextState, type StateName, TRANSITIONS } from './connection-state.js'
import { encodeClose, encodeFrame } from './frame.js'
import type { MessageCompression } from './message-compression.js'
import type { MessageKind } from './opcode.js'
import { fail } from './protocol-failure.js'
import { decodeUtf8, encodeUtf8 } from './utf8.js'

/** Writes down, in order, everything a connection does to its port. */
class PortRecorder implements ConnectionPort {
  readonly log: string[] = []
  onMessageHook: (() => void) | null = null

  writeFrame(head: number, payload: Uint8Array): void {
    this.log.push(`frame ${head.toString(16)} ${toHex(payload)}`.trimEnd())
  }
  expectEnd(): void {
    this.log.push('expect end')
  }
  endOutput(): void {
    this.log.push('end output')
  }
  onMessage(kind: MessageKind, payload: Uint8Array): void {
    this.log.push(`${kind} ${decodeUtf8(payload)}`)
    this.onMessageHook?.()
  }
  onPong(payload: Uint8Array): void {
    this.log.push(`pong ${decodeUtf8(payload)}`.trimEnd())
  }
  onClose(code: number, reason: string, wasClean: boolean): void {
    this.log.push(`closed ${code} ${reason} ${wasClean ? 'clean' : 'unclean'}`)
  }
}

const SERVER: ConnectionSettings = { role: 'server', rules: SERVER_RULES }
const CLIENT: ConnectionSettings = { role: 'client', rules: CLIENT_RULES }

function connect(settings = SERVER, compression: MessageCompression | null = null) {
  const port = new PortRecorder()
  const connection = new Connection(port, settings, compression)
  /** Delivers a frame as the other side would write it. */
  const deliver = (head: number, payload: string | Uint8Array = ''): void => {
    const bytes = typeof payload === 'string' ? encodeUtf8(payload) : payload
    connection.receive(encodeFrame(head, bytes, settings.role === 'server' ? 0x01020304 : undefined))
  }
  return { port, connection, deliver, log: port.log }
}

describe('[E11] the states of a connection', () => {
  const names = Object.keys(TRANSITIONS) as StateName[]
  const events: ConnectionEvent[] = ['close', 'peer-close', 'failure', 'transport-end']

  it.each(names.flatMap((name) => events.map((event) => [name, event] as const)))('%s, %s', (name, event) => {
    const steps: Partial<Record<ConnectionEvent, StateName>> = TRANSITIONS[name]
    const to = steps[event]
    if (to === undefined)
      expect(() => nextState(name, event)).toThrow(`cannot happen to a connection that is ${name}`)
    else expect(nextState(name, event)).toBe(to)
  })

  it('end of the transport is possible until it happened, and nothing after it', () => {
    for (const name of names) expect('transport-end' in TRANSITIONS[name]).toBe(name !== 'done')
  })
})

describe('[E12] RFC 6455 §7.1.2: closing handshake', () => {
  it('started here: Close, then the peer’s Close, then the server ends the transport', () => {
    const { connection, deliver, log } = connect()
    connection.close(4001, 'enough')
    expect(connection.state.name).toBe('closing')
    deliver(0x88, encodeClose(4001, 'enough'))
    expect(connection.state.name).toBe('shaken')
    connection.transportEnd()
    expect(log).toEqual([
      `frame 88 0fa1${toHex(encodeUtf8('enough'))}`,
      'expect end',
      'end output',
      'expect end',
      'closed 4001 enough clean',
    ])
  })

  it('started by the peer: the code is echoed, the reason is told', () => {
    const { connection, deliver, log } = connect()
    deliver(0x88, encodeClose(1000, 'done'))
    connection.transportEnd()
    expect(log).toEqual(['frame 88 03e8', 'end output', 'expect end', 'closed 1000 done clean'])
  })

  it('an empty Close is answered by an empty Close, and told as 1005', () => {
    const { connection, deliver, log } = connect()
    deliver(0x88)
    connection.transportEnd()
    expect(log).toEqual(['frame 88', 'end output', 'expect end', 'closed 1005  clean'])
  })

  it('RFC 6455 §7.1.1: a client leaves the end of the transport to the server', () => {
    const { connection, deliver, log } = connect(CLIENT)
    deliver(0x88, encodeClose(1001))
    connection.transportEnd()
    expect(log).toEqual(['frame 88 03e9', 'expect end', 'closed 1001  clean'])
  })

  it('a transport that breaks is 1006, in the open and while closing', () => {
    for (const begin of [() => {}, (connection: Connection) => connection.close(1000)]) {
      const { connection, log } = connect()
      begin(connection)
      connection.transportEnd()
      expect(log.at(-1)).toBe('closed 1006  unclean')
    }
  })

  it('is told exactly once, whatever is called after it', () => {
    const { connection, deliver, log } = connect()
    connection.transportEnd()
    connection.transportEnd()
    connection.close(1000)
    connection.fail(1011, 'late')
    deliver(0x81, 'late')
    deliver(0x88)
    expect([connection.send('text', encodeUtf8('late')), connection.ping()]).toEqual([false, false])
    expect(log).toEqual(['closed 1006  unclean'])
  })

  it('a second close() does nothing', () => {
    const { connection, log } = connect()
    connection.close(1000)
    connection.close(1001)
    expect(log).toEqual(['frame 88 03e8', 'expect end'])
  })

  it('nothing is sent after our Close frame: no message, no ping, no pong', () => {
    const { connection, deliver, log } = connect()
    connection.close()
    expect(connection.send('text', encodeUtf8('x'))).toBe(false)
    expect(connection.ping()).toBe(false)
    deliver(0x89, 'are you there?')
    expect(log).toEqual(['frame 88', 'expect end'])
  })

  it('messages and pongs that come after our Close frame are dropped', () => {
    const { connection, deliver, log } = connect()
    connection.close(1000)
    deliver(0x81, 'late')
    deliver(0x8a, 'late')
    expect(log).toEqual(['frame 88 03e8', 'expect end'])
  })
})

describe('[E13] RFC 6455 §7.4: close codes', () => {
  it.each([0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65536, 1000.5, Number.NaN])(
    '%s cannot be sent',
    (code) => {
      const { connection, log } = connect()
      expect(() => connection.close(code)).toThrow(RangeError)
      expect(log).toEqual([])
      expect(connection.isOpen).toBe(true)
    },
  )

  it.each([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999])(
    '%s can be sent',
    (code) => {
      const { connection, log } = connect()
      connection.close(code)
      expect(log[0]).toBe(`frame 88 ${code.toString(16).padStart(4, '0')}`)
    },
  )

  it('a reason of 123 bytes fits, one of 124 is refused, one without a code too', () => {
    const { connection } = connect()
    expect(() => connection.close(1000, 'é'.repeat(62))).toThrow('at most 123 bytes')
    expect(() => connection.close(undefined, 'why')).toThrow('needs a close code')
    connection.close(1000, 'é'.repeat(61))
    expect(connection.state.name).toBe('closing')
  })
})

describe('[E14] RFC 6455 §7.1.7: failing', () => {
  it('a violation closes with its code, ends our side, and stops listening', () => {
    const { connection, deliver, log } = connect()
    deliver(0x83)
    deliver(0x81, 'ignored')
    deliver(0x88, encodeClose(1000))
    connection.transportEnd()
    const reason = 'opcode 3 is reserved'
    expect(log).toEqual([
      `frame 88 03ea${toHex(encodeUtf8(reason))}`,
      'end output',
      'expect end',
      `closed 1002 ${reason} unclean`,
    ])
  })

  it('after our Close frame no second one is sent', () => {
    const { connection, deliver, log } = connect()
    connection.close(1000)
    deliver(0x83)
    expect(log).toEqual(['frame 88 03e8', 'expect end', 'end output', 'expect end'])
    expect(connection.state.name).toBe('failed')
  })

  it('a long reason is cut between characters', () => {
    const { connection, log } = connect()
    connection.fail(1008, '🌊'.repeat(50))
    expect(log[0]).toBe(`frame 88 03f0${'f09f8c8a'.repeat(30)}`)
  })
})

describe('[E15] RFC 6455 §5.5.2, §5.5.3: pings and pongs', () => {
  it('a ping is answered by a pong with its payload', () => {
    const { deliver, log } = connect()
    deliver(0x89, 'hi')
    expect(log).toEqual(['frame 8a 6869'])
  })

  it('of a flood in one chunk the first 16 and the last are answered', () => {
    const { connection, log } = connect(CLIENT)
    const pings = Array.from({ length: 1000 }, (_, index) => `8902${index.toString(16).padStart(4, '0')}`)
    connection.receive(fromHex(pings.join('')))
    expect(log).toHaveLength(17)
    expect([log[0], log[15], log[16]]).toEqual(['frame 8a 0000', 'frame 8a 000f', 'frame 8a 03e7'])
  })

  it('a pong is told, solicited or not', () => {
    const { deliver, log } = connect()
    deliver(0x8a, 'x')
    expect(log).toEqual(['pong x'])
  })

  it('a ping of ours carries at most 125 bytes', () => {
    const { connection, log } = connect()
    expect(() => connection.ping(new Uint8Array(126))).toThrow(RangeError)
    connection.ping(encodeUtf8('p'))
    expect(log).toEqual(['frame 89 70'])
  })
})

describe('[E10] re-entrancy of a connection', () => {
  const three = fromHex('81 01 61 81 01 62 89 01 70 88 02 03e8')

  it('close() in onMessage: the rest of the chunk is dropped, but the peer’s Close still counts', () => {
    const { port, connection, log } = connect(CLIENT)
    port.onMessageHook = () => connection.close(4000)
    connection.receive(three)
    connection.transportEnd()
    expect(log).toEqual(['text a', 'frame 88 0fa0', 'expect end', 'expect end', 'closed 1000  clean'])
  })

  it('fail() in onMessage: the rest of the chunk is not read', () => {
    const { port, connection, log } = connect(CLIENT)
    port.onMessageHook = () => connection.fail(1008, '')
    connection.receive(three)
    expect(log).toEqual(['text a', 'frame 88 03f0', 'end output', 'expect end'])
  })

  it('abort() in onMessage: nothing is told or sent any more but the end', () => {
    const { port, connection, log } = connect(CLIENT)
    port.onMessageHook = () => connection.abort()
    connection.receive(three)
    expect([connection.isOpen, connection.send('text', encodeUtf8('x'))]).toEqual([false, false])
    connection.fail(1011, 'late')
    connection.transportEnd()
    expect(log).toEqual(['text a', 'closed 1006  unclean'])
  })

  it('abort() after both Close frames changes nothing', () => {
    const { connection, deliver, log } = connect()
    deliver(0x88, encodeClose(4000))
    connection.abort()
    connection.transportEnd()
    expect(log.at(-1)).toBe('closed 4000  clean')
  })

  it('transportEnd() in onMessage: the rest of the chunk is not read', () => {
    const { port, connection, log } = connect(CLIENT)
    port.onMessageHook = () => connection.transportEnd()
    connection.receive(three)
    expect(log).toEqual(['text a', 'closed 1006  unclean'])
  })

  it('send() in onMessage is written before the next message is told', () => {
    const { port, connection, log } = connect(CLIENT)
    port.onMessageHook = () => void connection.send('binary', encodeUtf8('r'))
    connection.receive(fromHex('81 01 61 81 01 62'))
    expect(log).toEqual(['text a', 'frame 82 72', 'text b', 'frame 82 72'])
  })
})

describe('[E16] RFC 7692 §6: the compression port', () => {
  const rules = { ...CLIENT_RULES, compression: true }
  /** "Compresses" by reversing, what is at least three bytes long. */
  const reversing: MessageCompression = {
    deflate: (payload) => (payload.length < 3 ? null : payload.slice().reverse()),
    inflate: (payload, limit) => (payload.length > limit ? fail(1009, 'large') : payload.slice().reverse()),
  }

  it('marks what was compressed with RSV1, and nothing else', () => {
    const { connection, log } = connect({ role: 'client', rules }, reversing)
    connection.send('text', encodeUtf8('abc'))
    connection.send('binary', encodeUtf8('ab'))
    connection.ping(encodeUtf8('ping'))
    expect(log).toEqual(['frame c1 636261', 'frame 82 6162', 'frame 89 70696e67'])
  })

  it('[E8] inflates so much of what came at once, and no more', () => {
    const grows: MessageCompression = { deflate: () => null, inflate: () => new Uint8Array(2 ** 20) }
    const chunk = (count: number): Uint8Array => {
      const frame = encodeFrame(0xc2, encodeUtf8('x'), 0x01020304)
      return Uint8Array.from(
        Array(count)
          .fill([...frame])
          .flat(),
      )
    }
    const settings = { ...SERVER, rules: { ...SERVER_RULES, compression: true } }
    const { connection, log } = connect(settings, grows)
    // Four MiB a chunk, of as many chunks as come.
    for (let n = 0; n < 3; n++) connection.receive(chunk(4))
    expect(log.filter((line) => line.startsWith('binary'))).toHaveLength(12)
    connection.receive(chunk(5))
    expect(log.filter((line) => line.startsWith('binary'))).toHaveLength(16)
    expect(log.find((line) => line.startsWith('frame 88'))).toMatch(/^frame 88 03f1/)
  })

  it('inflates what is marked, then judges it', () => {
    const { connection, deliver, log } = connect({ role: 'client', rules }, reversing)
    deliver(0xc1, 'abc')
    deliver(0x81, 'abc')
    deliver(0xc1, fromHex('c380'))
    expect(log).toEqual([
      'text cba',
      'text abc',
      `frame 88 03ef${toHex(encodeUtf8('the inflated text is not valid UTF-8'))}`,
      'end output',
      'expect end',
    ])
    expect(connection.state.name).toBe('failed')
  })

  it('[E8] fails with what the port fails with', () => {
    const small = { ...rules, limits: { ...rules.limits, maxInflatedBytes: 2 } }
    const { connection, deliver } = connect({ role: 'client', rules: small }, reversing)
    deliver(0xc2, 'abc')
    expect(connection.state).toEqual({ name: 'failed', code: 1009, reason: 'large' })
  })
})
