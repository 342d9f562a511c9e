import { resolve } from 'node:path'
import type { OpenBroker } from '@millrace/server'
import { LmdbBroker } from './lmdb-broker.js'

const FORM = "write 'disk:./folder' or 'disk:/absolute/folder'"

/**
 * The broker for a URL such as `disk:./data` (from the working directory on) or `disk:/var/lib/millrace`.
 * @throws {TypeError} for a URL that names no folder. What is wrong with the folder is told when the broker starts.
 */
export const openBroker: OpenBroker = (url, { clock, random, logger }) =>
  new LmdbBroker({ folder: folderOf(url), clock, random, logger })

function folderOf(url: URL): string {
  if (url.protocol !== 'disk:') throw new TypeError(`'${url.protocol}' is no store on disk: ${FORM}`)
  if (url.host !== '') {
    throw new TypeError(`'disk://${url.host}…' names a host, and a folder is on this machine: ${FORM}`)
  }
  if (url.search !== '' || url.hash !== '') {
    throw new TypeError(`'disk:' takes no options, and got '${url.search}${url.hash}': ${FORM}`)
  }
  const folder = decoded(url.pathname)
  if (folder === '') throw new TypeError(`'disk:' names no folder: ${FORM}`)
  return resolve(folder)
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    throw new TypeError(`The folder in 'disk:${path}' has a % that is no escape: ${FORM}, with %25 for %`)
  }
}
