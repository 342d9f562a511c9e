/** `@millrace/testing`: Millrace in an application's tests, without sockets and without sleeping. See docs/testing.md. */
export type { BrokerFaults } from './bed/broker.js'
export type { TestClientOptions } from './bed/client.js'
export type { Network, NoticedBy, Way } from './bed/network.js'
export type { Death, TestNode } from './bed/node.js'
export type { TestbedOptions } from './bed/options.js'
export { testbed } from './bed/testbed.js'
export { TestbedError, type Trouble } from './bed/troubles.js'
export type { Testbed, TestClock } from './bed/types.js'
