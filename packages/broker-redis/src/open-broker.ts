import type { OpenBroker } from '@millrace/server'
import { RedisBroker } from './redis-broker.js'

/**
 * What a server calls for a `redis:` or `rediss:` URL. `?prefix=app:` sets what keys begin with, default `millrace:`.
 * @throws {TypeError} for a URL that makes no sense.
 */
export const openBroker: OpenBroker = (url, parts) => {
  for (const name of url.searchParams.keys())
    if (name !== 'prefix')
      throw new TypeError(`'?${name}=' in a Redis URL means nothing here: there is ?prefix= and nothing else`)
  return new RedisBroker({ ...parts, url, prefix: url.searchParams.get('prefix') ?? undefined })
}
