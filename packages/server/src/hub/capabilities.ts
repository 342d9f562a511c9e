import { ACTIONS, type Action } from './actions.js'

/**
 * What a token allows, in itself. Names end in `*` to stand for all that begin so: `chat:*`, `device.*`, `*`.
 */
export interface Capabilities {
  /** By channel name: what may be done there; `*` for everything. What is not named may not be. */
  readonly channels?: Readonly<Record<string, readonly (Action | '*')[]>> | undefined
  /** The calls that may be made. Default none. */
  readonly calls?: readonly string[] | undefined
}

/** Whether a name, which may end in `*`, stands for another. */
export const isCovered = (by: string, name: string): boolean =>
  by.endsWith('*') ? name.startsWith(by.slice(0, -1)) : by === name

/** Whether an action on a channel is allowed by any of the names that cover it. */
export const allowsAction = ({ channels = {} }: Capabilities, channel: string, action: Action): boolean =>
  Object.entries(channels).some(
    ([name, actions]) => isCovered(name, channel) && (actions.includes(action) || actions.includes('*')),
  )

export const allowsCall = ({ calls = [] }: Capabilities, method: string): boolean =>
  calls.some((name) => isCovered(name, method))

/** Reads what a token says; says in words what is wrong with it, or undefined. */
export function wrongWith(capabilities: unknown): string | undefined {
  if (!isObject(capabilities)) return 'is no object'
  const { channels, calls, ...others } = capabilities
  const [other] = Object.keys(others)
  if (other !== undefined) return `has '${other}', which is neither channels nor calls`
  if (calls !== undefined && !isListOf(calls, isName)) return 'has calls that are no list of names'
  if (channels === undefined) return undefined
  if (!isObject(channels)) return 'has channels that are no object'
  for (const [name, actions] of Object.entries(channels)) {
    if (!isName(name)) return `has the channel '${name}': a * may only be its last character`
    if (!isListOf(actions, isAction))
      return `has actions of '${name}' that are not some of *, ${ACTIONS.join(', ')}`
  }
  return undefined
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isListOf = (value: unknown, is: (one: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(is)
/** Whether it may stand for names: a `*` is its last character or nowhere. */
export const isName = (value: unknown): boolean => typeof value === 'string' && /^[^*]*\*?$/.test(value)
const isAction = (value: unknown): boolean => value === '*' || ACTIONS.includes(value as Action)
