/** A certificate and its key, checked, so that a mistake is told with what is wrong, in which file, and what to do. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import type { TlsPart, TlsParts } from './tls-parts.js'

export interface TlsPair {
  /** The server's own certificate, the first of those it sends. */
  readonly certificate: X509Certificate
  /** The file that the certificate is from, or the option. */
  readonly from: string
  /** As node:tls takes it. */
  readonly context: { readonly cert: string; readonly key: string; readonly passphrase: string | undefined }
}

const CERTIFICATE = /-----BEGIN (X509 )?CERTIFICATE-----[^-]+-----END (X509 )?CERTIFICATE-----/g
const PRIVATE_KEY = /-----BEGIN ([A-Z]+ )?PRIVATE KEY-----/
const ENCRYPTED = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m

const placeOf = ({ option, file }: TlsPart): string => (file === undefined ? option : `${option}: ${file}`)
const fileOf = ({ option, file }: TlsPart): string => file ?? option

/** Checks that certificate and key are such, and belong together. Throws an Error that says what is wrong and where. */
export function pairOf(parts: TlsParts): TlsPair {
  const { cert, key, ca, passphrase } = parts
  const chain = certificatesOf(cert)
  const secret = privateKeyOf(key, passphrase)
  const [certificate] = chain
  // There is one at least, or it would have thrown.
  if (certificate === undefined || !certificate.checkPrivateKey(secret)) throw mismatch(parts, chain, secret)
  if (ca !== undefined) certificatesOf(ca)
  const context = { cert: [cert, ca].map((part) => part?.pem ?? '').join('\n'), key: key.pem, passphrase }
  try {
    createSecureContext(context)
  } catch (cause) {
    // Such as a key too short for anybody to trust.
    const { message } = cause as Error
    throw new Error(`${placeOf(cert)} and ${placeOf(key)} cannot be used: ${message}`, { cause })
  }
  return { certificate, from: fileOf(cert), context }
}

function certificatesOf(part: TlsPart): X509Certificate[] {
  checkLines(part)
  const found = part.pem.match(CERTIFICATE) ?? []
  if (found.length === 0) {
    const instead = PRIVATE_KEY.test(part.pem)
      ? ' but a private key. Are cert and key interchanged?'
      : hintOf(part)
    throw new Error(`${placeOf(part)} has no certificate in PEM (-----BEGIN CERTIFICATE-----)${instead}`)
  }
  return found.map((pem, index) => {
    try {
      return new X509Certificate(pem)
    } catch (cause) {
      const which = found.length === 1 ? 'the certificate' : `certificate ${index + 1} of ${found.length}`
      throw new Error(`${placeOf(part)}: ${which} is damaged. Copy the file again, whole`, { cause })
    }
  })
}

function privateKeyOf(part: TlsPart, passphrase: string | undefined): KeyObject {
  const { pem } = part
  checkLines(part)
  if (!PRIVATE_KEY.test(pem)) {
    const instead = pem.includes('CERTIFICATE-----')
      ? ' but a certificate. Are cert and key interchanged?'
      : hintOf(part)
    throw new Error(`${placeOf(part)} has no private key in PEM (-----BEGIN PRIVATE KEY-----)${instead}`)
  }
  const isEncrypted = ENCRYPTED.test(pem)
  if (isEncrypted && passphrase === undefined)
    throw new Error(`tls.passphrase is missing: the key in ${fileOf(part)} is encrypted`)
  try {
    return createPrivateKey({ key: pem, passphrase })
  } catch (cause) {
    if (isEncrypted) throw new Error(`tls.passphrase does not open the key in ${fileOf(part)}`, { cause })
    throw new Error(`${placeOf(part)}: the private key is damaged. Copy the file again, whole`, { cause })
  }
}

/** As it comes out of variables of the environment, at times. */
function checkLines(part: TlsPart): void {
  if (!part.pem.includes('\\n')) return
  const mend = "use text.replaceAll('\\\\n', '\\n')"
  throw new Error(`${placeOf(part)} has \\n written out where lines should end: ${mend}`)
}

/** What a file may be that is no PEM. */
function hintOf({ pem }: TlsPart): string {
  // DER: a SEQUENCE of more than 127 bytes. ITU-T X.690 §8.1.
  if (/^0[\x81-\x84]/.test(pem))
    return '. It looks like DER: convert it with openssl x509 (or pkey) -inform der -in FILE -out FILE.pem'
  return ''
}

function mismatch({ cert, key }: TlsParts, chain: readonly X509Certificate[], secret: KeyObject): Error {
  const right = chain.findIndex((one) => one.checkPrivateKey(secret))
  if (right > 0) {
    return new Error(
      `${placeOf(cert)}: the certificate of the key is number ${right + 1} in it and must be the first, before those that lead to the root`,
    )
  }
  return new Error(
    `${placeOf(key)} is not the key of the certificate in ${fileOf(cert)}. Name the key that was made with it`,
  )
}
