import type { Transport } from '../model.js'
import type { ServerSubject, Subject } from './subject.js'

/**
 * Somebody else's echo server. It can be told nothing, so that cases with limits, subprotocols or its own Close are
 * skipped; whether it compresses is asked by `speaksDeflate` first.
 */
export function urlSubjects(url: string, overH2: boolean): Subject[] {
  return [subject(url, overH2, false), subject(url, overH2, true)]
}

function subject(text: string, overH2: boolean, deflate: boolean): ServerSubject {
  const url = new URL(text)
  const tls = url.protocol === 'wss:'
  const port = Number(url.port || (tls ? 443 : 80))
  const transport: Transport = overH2 ? 'h2' : tls ? 'tls' : 'tcp'
  return {
    name: `${url.host}${deflate ? '+deflate' : ''}`,
    role: 'server',
    transport,
    deflate,
    features: new Set(),
    start: async () => ({
      target: { host: url.hostname.replaceAll(/[[\]]/g, ''), port, tls },
      authority: url.host,
      path: () => `${url.pathname}${url.search}` || '/',
      report: () => Promise.reject(new Error('a server behind a URL reports nothing')),
      stop: async () => {},
    }),
  }
}
