import { connect, createServer } from 'node:tls'
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { concat, fromHex, noise, prose, utf8 } from './bytes.js'
import { selfSigned } from './certificate.js'
import { createCompressor, createDecompressor } from './compressor.js'
import { DeflateBits } from './deflate-bits.js'
import { judgeAnswer, parseExtensions } from './deflate-params.js'
import { createFrameWriter, OPCODE } from './frame.js'
import { createFrameReader, SubjectViolation } from './frame-reader.js'
import { acceptFor } from './http1.js'
import { InflateError, inflateMessage } from './inflate.js'

describe('the suite’s own tools, against examples of the RFCs', () => {
  it('writes the frames of RFC 6455 §5.7', () => {
    const key = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d)
    const masked = createFrameWriter(true).write({ opcode: OPCODE.text, payload: utf8('Hello'), key })
    expect(Buffer.from(masked).toString('hex')).toBe('818537fa213d7f9f4d5158')
    const plain = createFrameWriter(false).write({ opcode: OPCODE.text, payload: utf8('Hello') })
    expect(Buffer.from(plain).toString('hex')).toBe('810548656c6c6f')
  })

  it('computes the accept value of RFC 6455 §1.3', () => {
    expect(acceptFor('dGhlIHNhbXBsZSBub25jZQ==')).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
  })

  it('inflates the examples of RFC 7692 §7.2.3', () => {
    const hello = utf8('Hello')
    const inflate = (hex: string, history = '') =>
      inflateMessage(Buffer.from(hex, 'hex'), utf8(history)).output
    expect(inflate('f248cdc9c90700')).toEqual(hello)
    expect(inflate('f200110000', 'Hello')).toEqual(hello)
    expect(inflate('000500faff48656c6c6f00')).toEqual(hello)
    expect(inflate('f348cdc9c9070000')).toEqual(hello)
    expect(inflate('f248050000' + '00ffff' + 'cac9c90700')).toEqual(hello)
  })

  it('inflates whatever zlib writes, and sees how far it reached', () => {
    for (const windowBits of [9, 10, 12, 15]) {
      const text = noise(80_000).map((octet) => octet & 3)
      const out = deflateRawSync(text, { windowBits, finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4)
      const inflated = inflateMessage(out, new Uint8Array(0))
      expect(inflated.output).toEqual(text)
      expect(inflated.furthest).toBeLessThanOrEqual(2 ** windowBits - 262)
      expect(inflated.furthest).toBeGreaterThan(2 ** (windowBits - 2) - 1)
    }
  })

  it('finds a match outside of the agreed window', () => {
    const repeated = concat([prose(600), prose(600)])
    const wide = createCompressor(15, false).compress(repeated)
    expect(createDecompressor(15, false).decompress(wide).output).toEqual(repeated)
    expect(() => createDecompressor(9, false).decompress(wide)).toThrow(SubjectViolation)
  })

  it('keeps to a window of 8 bits when it compresses', () => {
    const compressor = createCompressor(8, false)
    const decompressor = createDecompressor(8, false)
    for (const size of [10, 300, 5000, 0, 1]) {
      expect(decompressor.decompress(compressor.compress(prose(size))).output).toEqual(prose(size))
    }
  })

  it('writes DEFLATE blocks that zlib reads', () => {
    const data = noise(300)
    const out = new DeflateBits().literals(data).stored(data).match(utf8('abc'), 3).message()
    const text = inflateRawSync(concat([out, Uint8Array.of(0, 0, 0xff, 0xff)]), {
      finishFlush: constants.Z_SYNC_FLUSH,
    })
    expect(new Uint8Array(text)).toEqual(concat([data, data, utf8('abcabc')]))
  })

  it('refuses corrupt DEFLATE data', () => {
    const broken = [
      new DeflateBits().reservedBlock(),
      new DeflateBits().match(new Uint8Array(0), 1),
      new DeflateBits().oversubscribed(),
    ]
    for (const bits of broken)
      expect(() => inflateMessage(bits.raw(), new Uint8Array(0))).toThrow(InflateError)
  })
})

describe('the suite’s judgement', () => {
  it('refuses illegal frames of the subject', () => {
    const read = (hex: string, expectMask = false) => {
      const reader = createFrameReader(expectMask)
      reader.push(fromHex(hex))
      return reader.next()
    }
    expect(read('810141')?.payload).toEqual(utf8('A'))
    for (const illegal of ['818100000000', '817e0001', '817f0000000000000001', '0901', '897e007e']) {
      expect(() => read(illegal), illegal).toThrow(SubjectViolation)
    }
    expect(() => read('810141', true)).toThrow(SubjectViolation)
  })

  it('judges answers to offers', () => {
    const offer = 'permessage-deflate; server_max_window_bits=10; client_max_window_bits'
    const fits = judgeAnswer(offer, 'permessage-deflate; server_max_window_bits=9; client_max_window_bits=12')
    expect(fits).toMatchObject({ serverMaxWindowBits: 9, clientMaxWindowBits: 12 })
    const bad = [
      '',
      'foo',
      'permessage-deflate',
      'permessage-deflate; server_max_window_bits=11',
      `${offer}=8; ${offer}`,
    ]
    for (const answer of bad) expect(judgeAnswer(offer, answer), answer).toBeTypeOf('string')
    expect(judgeAnswer('permessage-deflate', 'permessage-deflate; client_max_window_bits=10')).toBeTypeOf(
      'string',
    )
    expect(judgeAnswer('permessage-deflate', undefined)).toBeUndefined()
  })

  it('reads extension lists', () => {
    expect(parseExtensions('a; b="c"; d, e')).toEqual([
      {
        name: 'a',
        params: [
          ['b', 'c'],
          ['d', undefined],
        ],
      },
      { name: 'e', params: [] },
    ])
    for (const bad of ['', 'a;', 'a b', 'a; b=', 'a; b="c d"', ';a', 'a,'])
      expect(parseExtensions(bad), bad).toBeUndefined()
  })
})

describe('the certificate', () => {
  it('serves TLS for localhost and can be verified', async () => {
    const { key, cert } = selfSigned()
    const server = createServer({ key, cert }, (socket) => socket.end('x'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const authorized = await new Promise<boolean>((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', ca: cert, servername: 'localhost' }, () => {
        resolve(socket.authorized)
        socket.destroy()
      })
      socket.once('error', reject)
    })
    server.close()
    expect(authorized).toBe(true)
  })
})
