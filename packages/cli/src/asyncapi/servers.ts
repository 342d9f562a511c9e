import { DEFAULT_PATH } from '@millrace/protocol'
import type { Server } from './types.js'

/**
 * A server of the document, from the URL that clients connect to. Without a path it has the default one. Throws a TypeError that says what is
 * wrong with the URL.
 */
export function serverAt(url: string): Server {
  const wrong = (why: string) => new TypeError(`'${url}' ${why}: for example wss://chat.example/millrace`)
  if (!URL.canParse(url)) throw wrong('is no URL')
  const { protocol, host, pathname, username, password, search, hash } = new URL(url)
  const scheme = protocol.slice(0, -1)
  if (scheme !== 'ws' && scheme !== 'wss') throw wrong('must begin with ws:// or wss://')
  if (username + password !== '') throw wrong('holds a user or a password, which a document is no place for')
  if (search + hash !== '') throw wrong('has something after its path, which Millrace does not use')
  return {
    host,
    protocol: scheme,
    pathname: pathname === '/' ? DEFAULT_PATH : pathname,
    description: 'The token goes into the first frame (`connect`), never into the URL.',
  }
}
