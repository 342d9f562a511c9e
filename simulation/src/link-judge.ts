import type { Transcript, Transcripts } from './transcript.js'
import type { World } from './world.js'

/** After a time of peace everybody is connected by the best transport that the network lets through. */
export function judgeTransports({ people }: World): string[] {
  return people
    .filter(({ hasAllTransports, isUsed }) => hasAllTransports && isUsed)
    .flatMap(({ name, client, path: { webSockets, conditions } }) => {
      const { transport: { name: now = 'nothing' } = {} } = client
      if (webSockets === 'carried') return now === 'websocket' ? [] : [`${name} is connected by ${now}`]
      // A WebSocket may be from before they were blocked.
      const isWell = now !== 'poll' || conditions.buffers
      return isWell ? [] : [`${name} polls, where streams work`]
    })
}

/**
 * What one end of a connection of requests hears is the beginning of what the other said, whatever became of the requests that
 * brought it: nothing twice, nothing passed over, nothing out of order.
 */
export function judgeLinks({ ofClients, ofNodes }: Transcripts): string[] {
  const nodes = new Map<string, Transcript>()
  for (const node of ofNodes) {
    const name = nameOf(node.page, node.heard)
    if (name !== undefined) nodes.set(name, node)
  }
  return ofClients.flatMap((client) => {
    const name = nameOf(client.page, client.said)
    const node = name === undefined ? undefined : nodes.get(name)
    if (node === undefined) return []
    return [
      ...compare(`${name}: the node heard`, node.heard, client.said),
      ...compare(`${name}: the client heard`, client.heard, node.said),
    ]
  })
}

/** A ping with which a transport finds out for itself whether it works, and its answer; and the frame by which it says that a part came. */
const PROBE = '"id":4294967296'
const NOTHING = '[]'
const isOfClients = (frame: string): boolean => frame !== NOTHING && !frame.includes(PROBE)

/** Each connection begins with a `connect` that has a number of its own. */
function nameOf(page: string, frames: readonly string[]): string | undefined {
  const connect = frames.find((frame) => frame.includes('"connect"'))
  return connect && `${page} ${/"attempt":\d+/.exec(connect)}`
}

function compare(what: string, ...both: readonly [readonly string[], readonly string[]]): string[] {
  const [heard, said] = both.map((frames) => frames.filter(isOfClients)) as [string[], string[]]
  const at = heard.findIndex((frame, index) => frame !== said[index])
  if (at < 0) return []
  const where = said.indexOf(heard[at] ?? '')
  const how = where < 0 ? 'which was never said' : `which was said as number ${where}`
  return [`${what} '${heard[at]?.slice(0, 60)}' as number ${at}, ${how}`]
}
