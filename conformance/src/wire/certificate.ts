import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { concat, utf8 } from './bytes.js'

/** A key and a certificate for localhost in PEM, made anew for each process so that no key lies in the repository. */
export interface Certificate {
  readonly key: string
  readonly cert: string
}

let made: Certificate | undefined

/** Self-signed, ECDSA P-256, valid for ten years around the given time. */
export function selfSigned(): Certificate {
  made ??= make()
  return made
}

function make(): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const body = certificateBody(publicKey)
  const signature = sign('sha256', body, privateKey)
  const der = sequence(body, ECDSA_SHA256, tagged(0x03, concat([Uint8Array.of(0), signature])))
  const lines = Buffer.from(der)
    .toString('base64')
    .replaceAll(/(.{64})/g, '$1\n')
    .trimEnd()
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
  }
}

/** RFC 5280 §4.1: TBSCertificate, version 3. */
function certificateBody(publicKey: KeyObject): Uint8Array {
  const spki = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))
  const serial = new Uint8Array(createHash('sha256').update(spki).digest()).subarray(0, 8)
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 1
  const name = sequence(tagged(0x31, sequence(oid('550403'), tagged(0x0c, utf8('localhost')))))
  const now = new Date().getUTCFullYear() % 100
  const validity = sequence(utcTime(now - 1), utcTime(now + 9))
  const localhost = concat([tagged(0x82, utf8('localhost')), tagged(0x87, Uint8Array.of(127, 0, 0, 1))])
  const names = sequence(oid('551d11'), tagged(0x04, tagged(0x30, localhost)))
  const version = tagged(0xa0, tagged(0x02, Uint8Array.of(2)))
  const extensions = tagged(0xa3, sequence(names))
  return sequence(version, tagged(0x02, serial), ECDSA_SHA256, name, validity, name, spki, extensions)
}

// ecdsa-with-SHA256, RFC 5758 §3.2.
const ECDSA_SHA256 = sequence(oid('2a8648ce3d040302'))

function oid(hexDigits: string): Uint8Array {
  return tagged(0x06, new Uint8Array(Buffer.from(hexDigits, 'hex')))
}

function utcTime(year: number): Uint8Array {
  return tagged(0x17, utf8(`${String(year).padStart(2, '0')}0101000000Z`))
}

function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return tagged(0x30, concat(parts))
}

/** X.690: identifier, length, contents. */
function tagged(tag: number, contents: Uint8Array): Uint8Array {
  const length = contents.byteLength
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return concat([Uint8Array.of(tag, ...size), contents])
}
