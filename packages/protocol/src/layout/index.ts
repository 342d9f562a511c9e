export { COMMANDS } from './commands.js'
export type { Field, Kind, Kinds, Layout } from './layout.js'
export { MESSAGES } from './messages.js'
