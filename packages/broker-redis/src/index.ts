export { openBroker } from './open-broker.js'
export { RedisBroker, type RedisBrokerOptions } from './redis-broker.js'
