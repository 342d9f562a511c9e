import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { UpgradeResponse, upgradeRequest } from './upgrade.js'

const key = /Sec-WebSocket-Key: (\S+)/.exec(upgradeRequest(80, '/').toString())?.[1] ?? ''
const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
const answer = Buffer.from(`HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`)

describe('upgrade', () => {
  it('asks for a path and, where there is one, a subprotocol', () => {
    expect(upgradeRequest(80, '/echo').toString()).toMatch(/^GET \/echo HTTP\/1\.1\r\n.*\r\n\r\n$/s)
    expect(upgradeRequest(80, '/echo').toString()).not.toContain('Protocol')
    expect(upgradeRequest(80, '/', 'millrace.json').toString()).toContain(
      'Sec-WebSocket-Protocol: millrace.json\r\n',
    )
  })

  it('tells where the frames start, however the head is cut', () => {
    for (let cut = 1; cut < answer.length; cut++) {
      const response = new UpgradeResponse()
      expect(response.push(answer.subarray(0, cut))).toBe(-1)
      const rest = Buffer.concat([answer.subarray(cut), Buffer.from('frames')])
      expect(rest.toString('latin1', response.push(rest))).toBe('frames')
    }
  })

  it.each([
    ['a refusal', 'HTTP/1.1 403 Forbidden\r\n\r\n', 'HTTP/1.1 403 Forbidden'],
    ['a wrong key', 'HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: x\r\n\r\n', 'Accept'],
    ['a head without end', 'x'.repeat(20_000), 'no end'],
  ])('throws on %s', (_, text, message) => {
    expect(() => new UpgradeResponse().push(Buffer.from(text))).toThrow(message)
  })
})
