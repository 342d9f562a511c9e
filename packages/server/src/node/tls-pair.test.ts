import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EC, fingerprintOf, LOCKED_KEY, PASSPHRASE, pem, RSA } from '../../test/tls-fixture.js'
import { pairOf } from './tls-pair.js'
import { problemOf, readParts, type TlsOptions } from './tls-parts.js'

const take = async (options: TlsOptions) => pairOf(await readParts(options))

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-pair-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function written(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

describe('a certificate and its key', () => {
  it.each<[string, TlsOptions]>([
    ['files', EC],
    ['text', { cert: pem(EC.cert), key: pem(EC.key) }],
    ['bytes', { cert: Buffer.from(pem(EC.cert)), key: new TextEncoder().encode(pem(EC.key)) }],
    ['a key that is encrypted', { cert: EC.cert, key: LOCKED_KEY, passphrase: PASSPHRASE }],
    ['one file for both', { cert: pem(EC.cert) + pem(EC.key), key: pem(EC.cert) + pem(EC.key) }],
    ['a chain', { cert: pem(EC.cert) + pem(RSA.cert), key: EC.key }],
  ])('are taken as %s', async (_, options) => {
    const { certificate } = await take(options)
    expect(certificate.fingerprint256).toBe(fingerprintOf(EC))
  })

  it('are sent with what leads to the root', async () => {
    const { context } = await take({ ...EC, ca: RSA.cert })
    const sent = context.cert.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? []
    expect(sent.map((one) => new X509Certificate(one).fingerprint256)).toEqual([
      fingerprintOf(EC),
      fingerprintOf(RSA),
    ])
  })
})

describe('says what is wrong, where, and what to do', () => {
  const gone = '/no/such/fullchain.pem'

  it.each<[string, () => TlsOptions, RegExp]>([
    [
      'no certificate',
      () => ({ key: EC.key }) as TlsOptions,
      /^tls\.cert must be the path of a PEM file, or/,
    ],
    ['an empty key', () => ({ ...EC, key: '' }), /^tls\.key must be .*, not an empty text$/],
    [
      'an unknown option',
      () => ({ ...EC, pfx: 'a' }) as TlsOptions,
      /^tls has no 'pfx': it has cert, key, ca, pass/,
    ],
    [
      'a passphrase of bytes',
      () => ({ ...EC, passphrase: Buffer.of(1) }) as never,
      /^tls\.passphrase must be a string/,
    ],
    [
      'a file that is not there',
      () => ({ ...EC, cert: gone }),
      /^tls\.cert: there is no file \/no\/such\/fullchain\.pem\. Name/,
    ],
    ['a folder', () => ({ ...EC, key: folder }), /^tls\.key: .* is a folder\. Name the file in it$/],
    [
      'both interchanged',
      () => ({ cert: EC.key, key: EC.cert }),
      /^tls\.cert: .*ec\.key\.pem has no certificate .*interchanged\?$/,
    ],
    [
      'a certificate for a key',
      () => ({ ...EC, key: RSA.cert }),
      /^tls\.key: .*rsa\.cert\.pem has no private key .*interchanged\?$/,
    ],
    [
      'the key of another',
      () => ({ ...EC, key: RSA.key }),
      /^tls\.key: .*rsa\.key\.pem is not the key of the certificate in .*ec\.cert\.pem\. Name/,
    ],
    [
      'the wrong order',
      () => ({ ...EC, cert: pem(RSA.cert) + pem(EC.cert) }),
      /^tls\.cert: the certificate of the key is number 2 in it and must be the first/,
    ],
    [
      'no passphrase',
      () => ({ ...EC, key: LOCKED_KEY }),
      /^tls\.passphrase is missing: the key in .*ec\.locked\.pem is encrypted$/,
    ],
    [
      'another passphrase',
      () => ({ ...EC, key: LOCKED_KEY, passphrase: 'x' }),
      /^tls\.passphrase does not open the key in .*locked\.pem$/,
    ],
    [
      'DER',
      () => ({ ...EC, cert: written('cert.der', new X509Certificate(pem(EC.cert)).raw) }),
      /has no certificate in PEM .*looks like DER: convert it with openssl/,
    ],
    [
      'line breaks written out',
      () => ({ ...EC, key: pem(EC.key).replaceAll('\n', '\\n') }),
      /^tls\.key.* \\n written out .*replaceAll/,
    ],
    [
      'half a certificate',
      () => ({ ...EC, cert: written('half.pem', pem(EC.cert).slice(0, 300)) }),
      /has no certificate in PEM/,
    ],
    [
      'a damaged certificate',
      () => ({ ...EC, cert: damaged(EC.cert) }),
      /^tls\.cert: the certificate is damaged/,
    ],
    ['a damaged key', () => ({ ...EC, key: damaged(EC.key) }), /^tls\.key: the private key is damaged/],
    ['a damaged ca', () => ({ ...EC, ca: damaged(RSA.cert) }), /^tls\.ca: the certificate is damaged/],
  ])('%s', async (_, options, message) => {
    await expect(take(options())).rejects.toThrow(message)
  })

  it('a file it may not read, or that fails', () => {
    expect(problemOf(Object.assign(new Error(), { code: 'EACCES' }), 'key.pem')).toBe(
      'this process may not read key.pem. Give the user it runs as the right to',
    )
    expect(problemOf(Object.assign(new Error('EIO: i/o error'), { code: 'EIO' }), 'key.pem')).toBe(
      'key.pem cannot be read: EIO: i/o error',
    )
  })
})

/** With letters changed where the lengths are. */
function damaged(path: string): string {
  const text = pem(path)
  const begin = text.indexOf('\n') + 2
  return `${text.slice(0, begin)}AAAAAAAA${text.slice(begin + 8)}`
}
