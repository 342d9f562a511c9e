/** A process full of clients of one library, as applications use it. */

import { channelOf, EVERYBODY } from '../../common/messages.js'
import { obey, setup } from '../../common/obey.js'
import type { ClientsCommand, ClientsSetup } from '../commands.js'
import { Crowd } from './crowd.js'
import type { Join } from './join.js'

/** Loads no other library than the one that is measured. */
async function joinOf({ library, tellsGaps }: ClientsSetup): Promise<Join> {
  switch (library) {
    case 'millrace':
      return (await import('./millrace.js')).joinMillrace
    case 'socket.io':
      return (await import('./socket-io.js')).joinSocketIo(tellsGaps)
  }
}

const crowd = new Crowd(await joinOf(setup<ClientsSetup>()))

function carryOut(command: ClientsCommand): unknown {
  switch (command.do) {
    case 'join': {
      const shared = command.channels === 'shared'
      return crowd.join(
        command.ports.map((port, client) => ({ port, channel: shared ? EVERYBODY : channelOf(client) })),
      )
    }
    case 'wait':
      return crowd.wait(command.clients, command.messages, command.patience)
    case 'tallies':
      return crowd.tallies()
  }
}

await obey<ClientsCommand>({}, carryOut)
