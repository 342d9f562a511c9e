export { LmdbBroker, type LmdbBrokerOptions, type LmdbBrokerStats } from './lmdb-broker.js'
export { openBroker } from './open-broker.js'
