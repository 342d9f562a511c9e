/**
 * Attackers, in a process of their own: `node main.mjs PORT ATTACKS`, with `[[name, options], …]` as JSON. To their parent they say `{ ready: traffic }`
 * when all that comes before the attacks is done, of all of them; told anything, they attack at once, and say `{ over: outcomes, traffic }`, with what became of
 * each; told anything once more, all leave. So neither their start nor what they prepare is taken for what the attack costs.
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
const [port, attacksGiven] = process.argv.slice(2)
const attacks = JSON.parse(attacksGiven)
// What breaks off is counted where it matters.
process.on('disconnect', () => process.exit())

const told = () => new Promise((resolve) => process.once('message', resolve))
let preparing = attacks.length
let begin
const begun = new Promise((resolve) => (begin = resolve))

/** Resolves when all are ready, and their parent is too. */
function ready() {
  if (--preparing === 0) {
    told().then(begin)
    process.send({ ready: traffic() })
  }
  return begun
}

/** Those who have something to prepare say themselves when they are ready. */
const PREPARE = { ...within, ...fanOut, bombs: floods.bombs }

async function attack([name, options]) {
  if (!(name in PREPARE)) await ready()
  return [name, await attackOf(name)(Number(port), options, ready)]
}

const outcomes = Object.fromEntries(await Promise.all(attacks.map(attack)))
told().then(() => process.exit())
process.send({ over: outcomes, traffic: traffic() })
