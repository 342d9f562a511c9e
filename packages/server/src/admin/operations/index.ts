import type { Operation } from '../operation.js'
import { calling } from './calling.js'
import { people } from './people.js'
import { publishing } from './publishing.js'
import { reading } from './reading.js'
import { ticketing } from './ticketing.js'

/** All that backends may ask. */
export const OPERATIONS: readonly Operation[] = [
  ...publishing,
  ...reading,
  ...people,
  ...calling,
  ...ticketing,
]
