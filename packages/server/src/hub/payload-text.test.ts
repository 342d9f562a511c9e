import { channel, defineApi, type Schema } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { settle, TestClient, testHub } from '../testing/index.js'
import type { Outgoing } from './index.js'

/** A schema that gives back what it was given, and has looked at it. */
const bids = (): { readonly schema: Schema; readonly seen: unknown[] } => {
  const seen: unknown[] = []
  const validate = (value: unknown) => {
    seen.push(value)
    return (value as { bid: number }).bid < 10 ? { value } : { issues: [{ message: 'too much' }] }
  }
  return { schema: { '~standard': { version: 1, vendor: 'test', validate } }, seen }
}

class Reader extends TestClient {
  readonly wires: string[] = []
  override send(outgoing: Outgoing): void {
    this.wires.push(String(outgoing.wire(this.dialect)))
    super.send(outgoing)
  }
}

describe('[P3.13] a payload in the text it came in', () => {
  const long = 'x'.repeat(2000)
  const { schema, seen } = bids()
  const api = defineApi({
    channels: {
      'free:{id}': channel({ publish: 'anyone' }),
      'bids:{id}': channel({ publish: 'anyone', message: schema }),
    },
  })
  const published = async (name: string, data: string): Promise<string> => {
    const { hub } = testHub({ api })
    const reader = new Reader(hub)
    await reader.connect()
    await reader.ask('subscribe', { channel: name })
    reader.wires.length = 0
    reader.session.receive(`{"id":7,"publish":{"channel":"${name}","data":${data}}}`)
    await settle()
    return reader.wires.join('\n')
  }

  it('reaches readers as it was sent, where nobody checks it', async () => {
    const data = `{ "bid": 12345678901234567890, "bid": 1.50, "text": "${long}\\u0041" }`
    expect(await published('free:1', data)).toContain(`"data":${data}`)
  })

  it('is written anew where a schema saw it: another reader might take what it did not see', async () => {
    const wires = await published('bids:1', `{"bid":99,"bid":1.50,"text":"${long}"}`)
    expect(seen).toEqual([{ bid: 1.5, text: long }])
    expect(wires).toContain(`"data":{"bid":1.5,"text":"${long}"}`)
    expect(await published('bids:1', `{"bid":1,"bid":99,"text":"${long}"}`)).toContain('too much')
  })
})
