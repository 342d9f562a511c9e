export type { ClientState, ClientStateName } from './client-states.js'
