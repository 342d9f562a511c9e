/**
 * Attackers, in a process of their own: `node main.mjs PORT ATTACKS`, with `[[name, options], …]` as JSON. They attack at once, and say to
 * their parent what became of each.
 */
import { setPriority } from 'node:os'
import * as crowds from './crowds.mjs'
import * as floods from './floods.mjs'
import * as frames from './frames.mjs'
import * as http2 from './http2.mjs'
import * as requests from './requests.mjs'
import * as streams from './streams.mjs'
import * as tls from './tls.mjs'

// Attackers have machines of their own. Here they may have what the server and its clients leave of this one.
setPriority(10)
const ATTACKS = { ...frames, ...floods, ...crowds, ...requests, http2, streams, tls }
/** Those of other protocols have a name before theirs: `http2.pings`. */
const attackOf = (name) => name.split('.').reduce((all, part) => all[part], ATTACKS)
const [port, attacks] = process.argv.slice(2)
// What breaks off is counted where it matters.
process.on('disconnect', () => process.exit())
const outcomes = await Promise.all(
  JSON.parse(attacks).map(async ([name, options]) => [name, await attackOf(name)(Number(port), options)]),
)
process.send(Object.fromEntries(outcomes), () => process.exit())
