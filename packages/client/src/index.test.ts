import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { binary } from './binary.js'
import { VERSION } from './core/version.js'
import { createClient } from './index.js'

afterEach(() => vi.unstubAllGlobals())

class Silent {
  addEventListener(): void {}
  close(): void {}
}

describe('createClient', () => {
  it('says what to pass where the runtime has no WebSocket', () => {
    vi.stubGlobal('WebSocket', undefined)
    expect(() => createClient({ url: 'ws://host' })).toThrow(
      new TypeError("webSocket must be given: the class of 'ws' or 'undici', for this runtime has none"),
    )
  })

  it('names the option that is wrong', () => {
    const webSocket = Silent as never
    expect(() => createClient({ url: '/millrace', webSocket })).toThrow(/^url must be a ws/)
    expect(() => createClient({ url: 'ws://host', webSocket, timeouts: { connect: -1 } })).toThrow(
      /^timeouts\.connect must be/,
    )
    expect(() => createClient({ url: 'ws://host', webSocket: 'ws' as never })).toThrow(/^webSocket must be/)
  })

  it('opens nothing before its first use', () => {
    const made: unknown[] = []
    class Counting extends Silent {
      constructor() {
        super()
        made.push(this)
      }
    }
    const client = createClient({ url: 'ws://host', webSocket: Counting as never })
    expect(made).toHaveLength(0)
    expect(client.state.name).toBe('closed')
    void client.connect()
    expect(made).toHaveLength(1)
    client.close()
  })

  it('shows nothing but what the types say', () => {
    const client = createClient({ url: 'ws://host', webSocket: Silent as never })
    expect(Object.keys(client)).toEqual([])
    expect(Object.keys(client.channel('chat:lobby'))).toEqual(['name'])
  })
})

describe('the binary entry', () => {
  it('reads what it writes, and refuses what is not UTF-8', () => {
    const dialect = binary()
    expect(dialect.name).toBe('binary')
    const frame = dialect.encodeMessage({ id: 7, kind: 'error', body: { code: 100, message: '\ufeffgrüß' } })
    expect(dialect.decodeMessages(frame)).toEqual([
      { id: 7, kind: 'error', body: { code: 100, message: '\ufeffgrüß' } },
    ])
    const broken = frame.map((byte) => (byte === 0xc3 ? 0xff : byte))
    expect(() => dialect.decodeMessages(broken)).toThrow('UTF-8')
  })
})

describe('the version', () => {
  it('is that of the package', () => {
    const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
    expect(manifest).toMatchObject({ version: VERSION })
  })
})
