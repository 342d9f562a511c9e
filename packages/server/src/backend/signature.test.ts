import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { hmacSha256 } from '../node/hmac.js'
import { readSecrets, signatureHeaders } from './signature.js'

const base64 = (bytes: number) => Buffer.alloc(bytes, 'x').toString('base64')

describe('the signature of Standard Webhooks', () => {
  // The vector that the reference libraries share: standard-webhooks/libraries, TestWebhookSign.
  const VECTOR = {
    secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    message: { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', time: 1_614_265_330_999, body: '{"test": 2432232314}' },
    signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  }

  it('is that of the reference libraries, in headers of the specification', () => {
    expect(signatureHeaders(VECTOR.message, readSecrets(VECTOR.secret, 'secret'), hmacSha256)).toEqual({
      'webhook-id': VECTOR.message.id,
      'webhook-timestamp': '1614265330',
      'webhook-signature': VECTOR.signature,
    })
  })

  it('is there once for each secret, so that a receiver may know either', () => {
    const next = `whsec_${base64(32)}`
    const secrets = readSecrets([next, VECTOR.secret], 'secret')
    const said = signatureHeaders(VECTOR.message, secrets, hmacSha256)['webhook-signature'].split(' ')
    const signed = `${VECTOR.message.id}.1614265330.${VECTOR.message.body}`
    const right = createHmac('sha256', Buffer.alloc(32, 'x')).update(signed).digest('base64')
    expect(said).toEqual([`v1,${right}`, VECTOR.signature])
  })

  it('is of the bytes that are sent, in UTF-8', () => {
    const body = '{"text":"Grüße, 世界"}'
    const said = signatureHeaders({ ...VECTOR.message, body }, readSecrets(VECTOR.secret, 's'), hmacSha256)
    const bytes = Buffer.from(`${VECTOR.message.id}.1614265330.${body}`, 'utf8')
    const key = Buffer.from(VECTOR.secret.slice(6), 'base64')
    expect(said['webhook-signature']).toBe(`v1,${createHmac('sha256', key).update(bytes).digest('base64')}`)
  })
})

describe('a secret', () => {
  it.each([
    ['without its prefix', base64(32), 'begins otherwise'],
    ['that is no base64', 'whsec_not base64!', 'is no base64'],
    ['of 23 bytes', `whsec_${base64(23)}`, 'and has 23'],
    ['of 65 bytes', `whsec_${base64(65)}`, 'and has 65'],
    ['that is not there', undefined, 'is missing'],
    ['in an empty list', [], 'not an empty list'],
  ])('%s is refused, and is not in the message', (_, secret, why) => {
    const read = () => readSecrets(secret as never, 'httpAuth(): secret')
    expect(read).toThrow(TypeError)
    expect(read).toThrow(why)
    expect(read).toThrow('httpAuth(): secret must be')
    if (typeof secret === 'string') expect(read).not.toThrow(secret)
  })

  it.each([24, 64])('may have %i bytes', (bytes) => {
    expect(readSecrets(`whsec_${base64(bytes)}`, 'secret')).toEqual([new Uint8Array(bytes).fill(120)])
  })
})
