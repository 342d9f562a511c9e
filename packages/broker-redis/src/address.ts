/** Where a Redis is and how to enter it. */
export interface Address {
  readonly host: string
  readonly port: number
  readonly tls: boolean
  readonly username?: string
  readonly password?: string
  readonly database: number
}

const HOW = 'redis://user:password@host:6379/0, or rediss:// for TLS'

/**
 * Reads `redis://` and `rediss://` URLs.
 * @throws {TypeError} for one that makes no sense. The message never shows what may be a password.
 */
export function parseAddress(url: URL): Address {
  const { protocol, hostname, port, pathname, username, password } = url
  if (protocol !== 'redis:' && protocol !== 'rediss:')
    throw new TypeError(`a Redis URL begins with redis: or rediss:, not '${protocol}': ${HOW}`)
  const database = /^\/?(\d{0,5})$/.exec(pathname)?.[1]
  if (database === undefined)
    throw new TypeError(
      `'${pathname}' in a Redis URL is no database: it is a number, such as /0; key names begin with the option prefix`,
    )
  return {
    host: hostname === '' ? 'localhost' : hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? 6379 : Number(port),
    tls: protocol === 'rediss:',
    ...(username === '' ? {} : { username: unescaped(username) }),
    ...(password === '' ? {} : { password: unescaped(password) }),
    database: Number(database),
  }
}

/** Host and port, as people write them. */
export const shownAddress = ({ host, port }: Address): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new TypeError(`user or password in the Redis URL has a % that is no escape: write %25 for it`)
  }
}
