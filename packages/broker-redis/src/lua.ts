/** What Redis runs, one script per operation, each at one moment. */
import { COUNT, DEPART, ENTER, SWEEP } from './lua-presence.js'
import { APPEND_LATEST, READ_LATEST } from './lua-states.js'
import { HEAD } from './lua-stream.js'
import { APPEND, READ } from './lua-streams.js'

export const LUA = {
  append: APPEND,
  read: READ,
  appendLatest: APPEND_LATEST,
  readLatest: READ_LATEST,
  head: HEAD,
  enter: ENTER,
  depart: DEPART,
  sweep: SWEEP,
  count: COUNT,
} as const
export type ScriptName = keyof typeof LUA
