/** For tests of TLS: certificates, a log that is kept, and what a client sees of a server. */

import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type ConnectionOptions, connect } from 'node:tls'
import { fileURLToPath } from 'node:url'
import type { Logger } from '../src/hub/index.js'

const file = (name: string): string => fileURLToPath(new URL(`tls/test-only-${name}.pem`, import.meta.url))

/** The files of two certificates. */
export const EC = { cert: file('ec.cert'), key: file('ec.key') } as const
export const RSA = { cert: file('rsa.cert'), key: file('rsa.key') } as const
/** The key of EC, encrypted, and what opens it. */
export const LOCKED_KEY = file('ec.locked')
export const PASSPHRASE = 'open'

export const pem = (path: string): string => readFileSync(path, 'utf8')
export const fingerprintOf = ({ cert }: { readonly cert: string }): string =>
  new X509Certificate(pem(cert)).fingerprint256

/** What clients trust. */
export const CA = [pem(EC.cert), pem(RSA.cert)]

/** The fingerprint of the certificate that a new connection is shown. Rejects as the handshake fails. */
export async function fingerprintAt(port: number, options: ConnectionOptions = {}): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: CA, ...options })
  try {
    await once(socket, 'secureConnect')
    return socket.getPeerCertificate().fingerprint256
  } finally {
    socket.destroy()
  }
}

/** Keeps what is logged, as `level message`. */
export class KeptLog implements Logger {
  readonly lines: string[] = []
  readonly debug = (): void => {}
  readonly info = (message: string): void => void this.lines.push(`info ${message}`)
  readonly warn = (message: string): void => void this.lines.push(`warn ${message}`)
  readonly error = (message: string): void => void this.lines.push(`error ${message}`)
}
