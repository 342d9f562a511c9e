const GROUPS = 8
/** Groups of 16 bits that name a network of IPv6: those who give addresses out give whole ones. RFC 4291 §2.5.4, RFC 6177. */
const NETWORK = 4
/** What stands before an IPv4 address within IPv6. RFC 4291 §2.5.5.2. */
const MAPPED = '0:0:0:0:0:ffff'

/** Whom an address stands for: of IPv6 its network of 2^64 addresses, for who has one of them has them all; else the address itself. */
export function networkOf(address: string): string {
  // IPv4, also within IPv6.
  if (address.includes('.') || !address.includes(':')) return address
  const [plain = ''] = address.split('%', 1)
  const [head = '', tail] = plain.split('::', 2)
  const [before, after] = [groupsOf(head), groupsOf(tail ?? '')]
  const zeros = tail === undefined ? 0 : Math.max(0, GROUPS - before.length - after.length)
  const groups = [...before, ...Array<string>(zeros).fill('0'), ...after]
  if (groups.slice(0, 6).join(':') === MAPPED) return address
  return `${groups.slice(0, NETWORK).join(':')}::/64`
}

/** Each in the one way of writing it. RFC 5952 §4.1. */
const groupsOf = (text: string): string[] =>
  text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16).toString(16))
