/** A process full of clients that speak a server's protocol over one transport, as cheaply as can be. */
import { obey, setup } from '../../common/obey.js'
import type { ClientsCommand, ClientsSetup, Standing } from '../commands.js'
import type { Peer, Transport } from '../contestants.js'
import type { Open } from './connection.js'
import { Crowd } from './crowd.js'
import { openEnginePolling } from './engine-polling.js'
import { HttpConnection } from './http-connection.js'
import { openPoll, openStream } from './millrace-requests.js'
import { SPEAKERS } from './speakers.js'
import { openWebSocket } from './web-socket.js'

const OPENS: { readonly [P in Peer]: { readonly [T in Transport]?: Open } } = {
  millrace: {
    websocket: openWebSocket({ path: '/millrace', subprotocol: 'millrace.json' }),
    stream: openStream,
    poll: openPoll,
  },
  'socket.io': {
    websocket: openWebSocket({ path: '/socket.io/?EIO=4&transport=websocket' }),
    poll: openEnginePolling,
  },
}

const { peer, transport, port } = setup<ClientsSetup>()
const open = OPENS[peer][transport]
if (open === undefined) throw new Error(`${peer} has no ${transport}`)
const crowd = new Crowd(port, open, (channels, ears) => SPEAKERS[peer](channels, ears, transport === 'poll'))

await obey<ClientsCommand>({}, (command) => {
  switch (command.do) {
    case 'join':
      return crowd.join(command)
    case 'forget':
      return crowd.forget()
    case 'wait':
      return crowd.wait(command)
    case 'tell':
      return crowd.tell(command.audience, command.messages)
    case 'standing':
      return { lost: crowd.lost, requests: HttpConnection.requests } satisfies Standing
  }
})
