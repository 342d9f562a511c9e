const SCHEMES: { readonly [scheme: string]: string } = {
  'http:': 'ws:',
  'https:': 'wss:',
  'ws:': 'ws:',
  'wss:': 'wss:',
}

/** The endpoint's WebSocket URL. Throws a TypeError for what cannot be one. */
export function endpoint(url: string | URL, base: string | undefined = globalThis.location?.href): string {
  let full: URL
  try {
    full = new URL(url, base)
  } catch {
    const why = base === undefined ? 'absolute, because there is no page to resolve it against' : 'a URL'
    throw new TypeError(`url must be ${why}: not ${String(url)}`)
  }
  const scheme = SCHEMES[full.protocol]
  if (scheme === undefined)
    throw new TypeError(`url must begin with ws:, wss:, http: or https:, not ${full.protocol}`)
  full.protocol = scheme
  // A fragment has no meaning here, and some runtimes refuse it.
  full.hash = ''
  return full.href
}
