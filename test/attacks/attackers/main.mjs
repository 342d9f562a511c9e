/**
 * Attackers, in a process of their own: `node main.mjs PORT ATTACKS`, with `[[name, options], …]` as JSON. They attack at once, and say to
 * their parent what became of each.
 *
 * `node main.mjs PORT ATTACKS measured` is for who measures: it is told `{ ready: traffic }` when all that comes before the attack is done,
 * answers with any message, is told `{ over: outcomes, traffic }`, and answers again: then all leave. Then there is one attack only.
 */
import { spawnSync } from 'node:child_process'
import { setPriority } from 'node:os'
import * as crowds from './crowds.mjs'
import * as fanOut from './fan-out.mjs'
import * as floods from './floods.mjs'
import * as frames from './frames.mjs'
import * as http2 from './http2.mjs'
import * as requests from './requests.mjs'
import * as streams from './streams.mjs'
import * as tls from './tls.mjs'
import { traffic } from './wire.mjs'
import * as within from './within.mjs'

// Attackers have machines of their own. Here they may have what the server and its clients leave of this one.
setPriority(19)
// Of a priority Linux still gives everybody a tick of its clock at a time, four milliseconds; who is idle gives way at once.
spawnSync('chrt', ['--all-tasks', '--idle', '--pid', '0', String(process.pid)])
const ATTACKS = { ...frames, ...floods, ...crowds, ...requests, ...fanOut, ...within, http2, streams, tls }
/** Those of other protocols have a name before theirs: `http2.pings`. */
const attackOf = (name) => name.split('.').reduce((all, part) => all[part], ATTACKS)
const [port, attacks, measured] = process.argv.slice(2)
// What breaks off is counted where it matters.
process.on('disconnect', () => process.exit())

/** Resolves when whoever measures is ready too. */
const ready = () =>
  new Promise((resolve) => {
    process.once('message', resolve)
    process.send({ ready: traffic() })
  })

/** Those who have something to prepare say themselves when they are ready. */
async function attack([name, options]) {
  const say = measured === undefined ? async () => {} : ready
  if (!(name in within || name in fanOut)) await say()
  return [name, await attackOf(name)(Number(port), options, say)]
}

const outcomes = Object.fromEntries(await Promise.all(JSON.parse(attacks).map(attack)))
if (measured !== undefined) process.once('message', () => process.exit())
process.send(measured === undefined ? outcomes : { over: outcomes, traffic: traffic() }, () => {
  if (measured === undefined) process.exit()
})
