import { BlockList, isIP } from 'node:net'
import type { LinkInfo } from '../hub/index.js'

/** Says who a request is from. */
export type AddressOf = (remote: string | undefined, headers: LinkInfo['headers']) => string

/** IPv4 within IPv6 (RFC 4291 §2.5.5.2) is IPv4. */
export const plainAddress = (address: string): string =>
  address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '')

/**
 * The address of the client behind proxies that are trusted: of those that `X-Forwarded-For` names, from the last on, the first that is no trusted
 * proxy. What anybody else says in that header is not heard. `proxies` are addresses or networks (`10.0.0.0/8`, RFC 4632).
 * @throws {TypeError} for what is neither.
 */
export function addressBehind(proxies: readonly string[]): AddressOf {
  if (proxies.length === 0) return (remote = '') => plainAddress(remote)
  const isTrusted = isAmong(proxies)
  return (remote = '', headers) => {
    let address = plainAddress(remote)
    const named = [headers['x-forwarded-for'] ?? []].flat().join(',').split(',')
    for (const one of named.reverse()) {
      if (!isTrusted(address)) break
      const next = plainAddress(one.trim())
      // What is no address was not written by a proxy that is worth trusting.
      if (isIP(next) === 0) break
      address = next
    }
    return address
  }
}

/** Whether an address, as `plainAddress` writes it, is among these proxies. Throws as `addressBehind` does. */
export function isAmong(proxies: readonly string[]): (address: string) => boolean {
  const list = listOf(proxies)
  return (address) => {
    const version = isIP(address)
    return version !== 0 && list.check(address, version === 4 ? 'ipv4' : 'ipv6')
  }
}

function listOf(proxies: readonly string[]): BlockList {
  const list = new BlockList()
  for (const proxy of proxies) {
    const [address = '', bits] = proxy.split('/')
    const version = isIP(address)
    const most = version === 4 ? 32 : 128
    const prefix = bits === undefined ? most : Number(bits)
    if (version === 0 || !/^\d+$/.test(bits ?? '0') || prefix > most)
      throw new TypeError(`trustedProxies must be addresses or networks such as 10.0.0.0/8, not '${proxy}'`)
    list.addSubnet(address, prefix, version === 4 ? 'ipv4' : 'ipv6')
  }
  return list
}
