/** The endpoint's WebSocket URL. Throws a TypeError for what cannot be one. */
export function endpoint(url: string | URL, base: string | undefined = globalThis.location?.href): string {
  try {
    const full = new URL(url, base)
    full.protocol = full.protocol.replace('http', 'ws')
    // A fragment has no meaning here, and some runtimes refuse it.
    full.hash = ''
    if (/^wss?:/.test(full.href)) return full.href
  } catch {
    // What the platform says of it names no option.
  }
  throw new TypeError(`url must be a ws:, wss:, http: or https: URL, not ${String(url)}`)
}
