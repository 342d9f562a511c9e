import { isInflatedMemory } from './inflater.js'
import { readMemory } from './read-memory.js'

/** The bytes, for good: a copy where they lie in memory that what comes next will use. [E39] */
export const owned = (bytes: Uint8Array): Uint8Array =>
  isInflatedMemory(bytes) ? Buffer.from(bytes) : readMemory.owned(bytes)
