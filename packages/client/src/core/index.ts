export { CoreClient } from './client.js'
export { type ClientState, type ClientStateName, printStates } from './client-states.js'
export type {
  Clock,
  Frame,
  Link,
  LinkEvents,
  Next,
  Platform,
  PlatformEvent,
  Ports,
  Transport,
  TransportName,
  Via,
} from './ports.js'
export type { Channel, ChannelState, CoreOptions, SubscriptionOptions } from './types.js'
