import type { BrokerListener } from './broker-ports.js'
import type { Cluster } from './cluster/cluster.js'
import { REVOKED, type Revocations } from './revocation/revocations.js'
import type { Topics } from './topics.js'
import type { Queues } from './waiting/queues.js'

interface Receivers {
  readonly topics: Topics
  readonly cluster: Cluster
  readonly queues: Queues
  readonly revocations: Revocations
}

/** What a channel of the nodes' own begins with: no client's does. [P2.1] */
const OWN = '@'.charCodeAt(0)

/** Gives what the broker tells to whom it concerns. */
export const dispatch = ({ topics, cluster, queues, revocations }: Receivers): BrokerListener => ({
  publication: (channel, epoch, publication) => {
    if (channel.charCodeAt(0) !== OWN) topics.publication(channel, epoch, publication)
    else if (channel === REVOKED) revocations.publication(epoch, publication)
    else queues.publication(channel, epoch, publication)
  },
  ephemeral: (channel, event) => {
    if (channel.charCodeAt(0) === OWN) cluster.ephemeral(event)
    else topics.ephemeral(channel, event)
  },
  // Who is alive among the nodes is asked when it matters.
  presence: (channel, change, member) => {
    if (channel.charCodeAt(0) !== OWN) topics.presence(channel, change, member)
  },
  interrupted: () => {
    topics.interrupted()
    queues.interrupted()
    revocations.interrupted()
  },
})
