import { isSecret } from '../readers/index.js'

/** Refuses a request whose URL holds a token: tokens come in the connect command, or in a header. Null for all others. [P1.13] */
export function refuseSecrets({
  url,
}: {
  readonly url: string
}): { readonly status: number; readonly reason: string } | null {
  const query = url.indexOf('?')
  if (query < 0) return null
  const secret = [...new URLSearchParams(url.slice(query)).keys()].find(isSecret)
  if (secret === undefined) return null
  // What it holds is not repeated, nor a name that is as long as its sender likes.
  return {
    status: 400,
    reason: `${secret.toLowerCase()}: a token must not stand in a URL, where proxies and logs keep it; send it in the connect command`,
  }
}
