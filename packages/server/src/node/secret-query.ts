import { isSecret, TICKET } from '../readers/index.js'

/**
 * Refuses a request whose URL holds a token: tokens come in the connect command, or in a header. Null for all others, but for one with several tickets. [P1.13]
 * [P1.14]
 */
export function refuseSecrets({
  url,
}: {
  readonly url: string
}): { readonly status: number; readonly reason: string } | null {
  const query = url.indexOf('?')
  if (query < 0) return null
  const names = [...new URLSearchParams(url.slice(query)).keys()]
  const secret = names.find(isSecret)
  if (secret === undefined)
    return names.indexOf(TICKET) === names.lastIndexOf(TICKET)
      ? null
      : { status: 400, reason: `${TICKET}: must stand once` }
  // What it holds is not repeated, nor a name that is as long as its sender likes.
  return {
    status: 400,
    reason: `${secret.toLowerCase()}: a token must not stand in a URL, where proxies and logs keep it; send it in the connect command, or get a single-use ticket`,
  }
}

/** The single-use ticket that a URL holds. */
export function ticketIn(url: string): string | undefined {
  const query = url.indexOf('?')
  return query < 0 ? undefined : (new URLSearchParams(url.slice(query)).get(TICKET) ?? undefined)
}
