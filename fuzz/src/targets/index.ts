import type { Target } from '../target.js'
import { channelNameTarget, channelPatternTarget } from './channels.js'
import { closeTarget } from './close.js'
import { deflateClientTarget } from './deflate-client.js'
import { deflateServerTarget } from './deflate-server.js'
import { dialectTargets } from './dialects.js'
import { extensionsTarget } from './extensions.js'
import { framesTarget } from './frames.js'
import { negotiateTarget, verifyTarget } from './handshake.js'

/** Every parser that reads what a stranger wrote. */
export function allTargets(): Target[] {
  return [
    framesTarget('server'),
    framesTarget('client'),
    deflateServerTarget(),
    deflateClientTarget(),
    closeTarget,
    negotiateTarget,
    verifyTarget,
    extensionsTarget,
    ...dialectTargets,
    channelNameTarget,
    channelPatternTarget,
  ]
}
