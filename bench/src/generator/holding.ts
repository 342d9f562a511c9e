import type { Link, LinkListener } from './link.js'

/** Keeps connections that nothing is asked of; heartbeats are answered by the link itself. */
export class Holding implements LinkListener {
  lost = 0

  ready(_link: Link): void {}
  delivery(_link: Link): void {}
  turn(_link: Link): void {}
  failed(_link: Link, _error: Error): void {
    this.lost++
  }
}
