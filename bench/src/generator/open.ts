/** Opens many connections, a bounded number of them at a time. */
import type { Role } from './dialect.js'
import { Link, type LinkListener, type Peer } from './link.js'

/** Small enough for any listen backlog, large enough to keep the server busy. */
const AT_ONCE = 64

export interface Wanted {
  readonly count: number
  readonly role: Role
  /** Number of the first one. */
  readonly from: number
}

/** Resolves when every connection is ready; rejects with the first failure. */
export function openLinks(peer: Peer, wanted: Wanted): Promise<Link[]> {
  return new Promise((resolve, reject) => {
    const links: Link[] = []
    let ready = 0
    const listener: LinkListener = {
      ready: () => {
        ready++
        if (ready === wanted.count) resolve(links)
        else if (links.length < wanted.count) add()
      },
      delivery: () => {},
      turn: () => {},
      failed: (link, error) => {
        reject(new Error(`Connection ${link.index} of ${wanted.count} failed: ${error.message}`))
      },
    }
    const add = (): void => {
      links.push(new Link(peer, { index: wanted.from + links.length, role: wanted.role }, listener))
    }
    for (let i = 0; i < Math.min(AT_ONCE, wanted.count); i++) add()
  })
}
