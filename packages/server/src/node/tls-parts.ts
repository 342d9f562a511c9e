/** Certificates and keys as an application names them, read. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { MaybePromise } from '../hub/index.js'

/** A certificate and its key. Each is the path of a PEM file, or PEM itself, as text or as bytes. */
export interface TlsOptions {
  /** The certificate, and behind it those that lead to its root: `fullchain.pem` of certbot, `tls.crt` of Kubernetes. */
  readonly cert: string | Uint8Array
  /** The certificate's private key. */
  readonly key: string | Uint8Array
  /** The certificates that lead to the root, where they are not in `cert`. */
  readonly ca?: string | Uint8Array
  /** Opens `key`, where that is encrypted. */
  readonly passphrase?: string
}

/** A certificate and its key, or what gives them: asked at the start, when files it named last have changed, and by hand. */
export type TlsSource = TlsOptions | (() => MaybePromise<TlsOptions>)

/** One part of it, and where it comes from. */
export interface TlsPart {
  /** The option, such as `tls.cert`. */
  readonly option: string
  /** The path, where it is a file. */
  readonly file: string | undefined
  readonly pem: string
}

export interface TlsParts {
  readonly cert: TlsPart
  readonly key: TlsPart
  readonly ca: TlsPart | undefined
  readonly passphrase: string | undefined
}

const NAMES = ['cert', 'key', 'ca', 'passphrase']
const EITHER = 'the path of a PEM file, or PEM as text or bytes'

/**
 * Whether these can be a certificate and a key, as far as can be said without reading files.
 * @throws {TypeError} which names the option and says what it may be.
 */
export function checkTlsOptions(options: TlsOptions): TlsOptions {
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`tls must be { cert, key }, or a function that gives them, not ${String(options)}`)
  const unknown = Object.keys(options).find((name) => !NAMES.includes(name))
  if (unknown !== undefined) throw new TypeError(`tls has no '${unknown}': it has ${NAMES.join(', ')}`)
  for (const name of ['cert', 'key', 'ca'] as const) {
    const { [name]: value } = options
    if (value === undefined && name === 'ca') continue
    if ((typeof value !== 'string' && !(value instanceof Uint8Array)) || value.length === 0)
      throw new TypeError(
        `tls.${name} must be ${EITHER}, not ${value === '' ? 'an empty text' : String(value)}`,
      )
  }
  const { passphrase } = options
  if (passphrase !== undefined && typeof passphrase !== 'string')
    throw new TypeError(`tls.passphrase must be a string, not ${typeof passphrase}`)
  return options
}

/** The path, of what is one. */
const pathOf = (value: string | Uint8Array | undefined): string | undefined =>
  typeof value === 'string' && !value.includes('-----BEGIN ') ? value : undefined

/** The files that are named. */
export const filesOf = ({ cert, key, ca }: TlsOptions): string[] =>
  [cert, key, ca].map(pathOf).filter((path) => path !== undefined)

/** Reads what is named. Rejects with an Error that says which option, which file and what to do. */
export async function readParts(options: TlsOptions): Promise<TlsParts> {
  const { cert, key, ca, passphrase } = checkTlsOptions(options)
  return {
    cert: await readPart('cert', cert),
    key: await readPart('key', key),
    ca: ca === undefined ? undefined : await readPart('ca', ca),
    passphrase,
  }
}

async function readPart(name: string, value: string | Uint8Array): Promise<TlsPart> {
  const option = `tls.${name}`
  const file = pathOf(value)
  if (file === undefined) {
    const pem = typeof value === 'string' ? value : Buffer.from(value).toString('latin1')
    return { option, file, pem }
  }
  try {
    return { option, file, pem: await readFile(file, 'latin1') }
  } catch (cause) {
    throw new Error(`${option}: ${problemOf(cause as NodeJS.ErrnoException, file)}`, { cause })
  }
}

/** Why a file cannot be read, and what to do. */
export function problemOf({ code, message }: NodeJS.ErrnoException, file: string): string {
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return `there is no file ${file}. Name ${EITHER}`
    case 'EACCES':
    case 'EPERM':
      return `this process may not read ${file}. Give the user it runs as the right to`
    case 'EISDIR':
      return `${file} is a folder. Name the file in it`
    default:
      return `${file} cannot be read: ${message}`
  }
}

/** What tells the contents of files from others; files that cannot be read have one too. */
export async function printOf(files: readonly string[]): Promise<string> {
  const prints = await Promise.all(
    files.map(async (file) => {
      try {
        return createHash('sha256')
          .update(await readFile(file))
          .digest('base64')
      } catch (error) {
        return String((error as NodeJS.ErrnoException).code)
      }
    }),
  )
  return prints.join(' ')
}
