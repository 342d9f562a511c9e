import type { Feature } from '../../model.js'
import type { ClientSubject, ServerSubject, Subject } from '../subject.js'
import { dialReference } from './client.js'
import type { Fault, Faults } from './faults.js'
import { startReference } from './server.js'

/**
 * The suite's own implementation: slow, simple, and the proof that every case can be passed. With a fault it is the
 * proof that the cases notice.
 */
const FEATURES: ReadonlySet<Feature> = new Set([
  'deflate',
  'maxMessage',
  'maxFrame',
  'maxFragments',
  'protocols',
  'closeTimeout',
  'onOpen',
  'report',
] as const)

export function referenceSubjects(fault?: Fault): Subject[] {
  const faults: Faults = new Set(fault === undefined ? [] : [fault])
  return [false, true].flatMap((deflate) => [
    server('tcp', deflate, faults),
    server('h2', deflate, faults),
    client(deflate, faults),
  ])
}

function server(transport: 'tcp' | 'h2', deflate: boolean, faults: Faults): ServerSubject {
  const name = `reference-${transport === 'tcp' ? 'server' : 'h2'}${deflate ? '+deflate' : ''}`
  const start: ServerSubject['start'] = (options) => startReference(transport, options, faults)
  return { name, role: 'server', transport, deflate, features: FEATURES, start }
}

function client(deflate: boolean, faults: Faults): ClientSubject {
  const name = `reference-client${deflate ? '+deflate' : ''}`
  const dial: ClientSubject['dial'] = (url, options) => dialReference(url, options, faults)
  return { name, role: 'client', transport: 'tcp', deflate, features: FEATURES, dial }
}
