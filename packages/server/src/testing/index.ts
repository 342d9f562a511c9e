export { type BrokerSubject, brokerContract, type Runner } from './broker-contract.js'
export { FakeClock, settle } from './fake-clock.js'
export { SequenceRandom } from './sequence-random.js'
export { TEST_LIMITS, TestClient, testHub } from './test-hub.js'
