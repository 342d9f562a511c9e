import type { Api, PayloadCodecs } from '@millrace/protocol'
import type { Authenticate } from './admission.js'
import type { Broker } from './broker-ports.js'
import type { ReadChannelToken } from './channel-grants.js'
import type { Clock, Logger, MaybePromise, Random, Sealer, Signer } from './ports.js'
import type { Session, SessionLimits, User } from './session.js'
import type { HubEvents } from './telling/hub-events.js'

export interface HubOptions {
  readonly api: Api | undefined
  readonly broker: Broker
  readonly codecs: PayloadCodecs
  /** Undefined: everybody may connect, as nobody in particular. */
  readonly authenticate: Authenticate | undefined
  /** Undefined: no tokens of channels are taken. */
  readonly channelTokens?: ReadChannelToken | undefined
  /** The channels the server subscribes a new session to. */
  readonly subscriptions:
    | ((session: { readonly user: User | undefined }) => MaybePromise<readonly string[]>)
    | undefined
  readonly limits: SessionLimits
  readonly maxMessage: number
  readonly node: string
  /** Name and version, for clients' logs. */
  readonly server: string
  readonly clock: Clock
  readonly random: Random
  readonly signer: Signer
  readonly sealer: Sealer
  readonly logger: Logger
  readonly onSession: (event: 'connect' | 'disconnect', session: Session, code: number) => void
  /** What else is told. Default: nothing. */
  readonly events?: HubEvents | undefined
}
