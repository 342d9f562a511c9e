import { type Client, type ClientOptions, type ClientState, createClient } from '@millrace/client'
import { type ReadonlySignal, signal } from '@preact/signals'
import type { SupportApi } from '../api.js'

/** This side's own goodbye. RFC 6455 §7.4.1. */
const NORMAL = 1000

/** A connection to the chat's server, with its state as a signal for the page to show. */
export interface Link {
  readonly client: Client<SupportApi>
  readonly state: ReadonlySignal<ClientState>
  isConnected(): boolean
  /** Calls the listener on every new connection, the first included. */
  onConnected(listener: () => void): void
  /** Calls the listener with the code when the server lets nobody in by this login any more. */
  onShutOut(listener: (code: number) => void): void
}

export function openLink(token: ClientOptions['token']): Link {
  const client = createClient<SupportApi>({ url: '/support/millrace', token })
  const state = signal<ClientState>(client.state)
  client.on('state', (next) => {
    state.value = next
  })
  // Being shut out is told by the state, and is nothing that went wrong in the page.
  client.on('error', (error) => {
    if (client.state.name !== 'closed') reportError(error)
  })
  const isConnected = (): boolean => state.value.name === 'connected' || state.value.name === 'degraded'
  return {
    client,
    state,
    isConnected,
    onConnected(listener) {
      let before = false
      client.on('state', () => {
        const now = isConnected()
        if (now && !before) listener()
        before = now
      })
    },
    onShutOut(listener) {
      client.on('state', ({ name, code }) => {
        if (name === 'closed' && code !== undefined && code !== NORMAL) listener(code)
      })
    },
  }
}
