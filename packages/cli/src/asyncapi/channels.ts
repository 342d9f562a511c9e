import {
  type ChannelDefinition,
  codecName,
  historyOf,
  parsePattern,
  type Schema,
  slowPolicyOf,
} from '@millrace/protocol'
import { camel, pascal } from './names.js'
import { placed, receive, send, type Unplaced } from './operations.js'
import { channelAt, type Making, Messages, type Part } from './part.js'
import type { Payload } from './payloads.js'
import type { Channel, Extensions, Message, Operation } from './types.js'

/** A channel pattern: one channel of the document, and what a client may do with it. */
export function channelPart(pattern: string, definition: ChannelDefinition, making: Making): Part {
  const name = making.names.take(pascal(pattern))
  const id = camel(name)
  const messages = new Messages(id)
  const described = { pattern, definition, name, messages, making }
  const operations: Record<string, Operation> = {}
  for (const describe of [publications, ephemerals, presence]) {
    for (const [operation, unplaced] of Object.entries(describe(described)))
      operations[making.operationNames.take(operation)] = placed(channelAt(id), unplaced)
  }
  const { description } = definition
  const parameters = parametersOf(pattern)
  const channel: Channel = {
    address: pattern,
    title: pattern,
    ...(description !== undefined && { description }),
    ...(parameters !== undefined && { parameters }),
    messages: messages.all,
    ...extensionsOf(definition),
  }
  return { id, channel, operations }
}

function parametersOf(pattern: string): Channel['parameters'] | undefined {
  const { params } = parsePattern(pattern)
  if (params.length === 0) return undefined
  const description = 'One or more characters without a colon. What a name may not hold is percent-encoded.'
  return Object.fromEntries(params.map((param) => [param, { description }]))
}

/** What a channel keeps and promises, its defaults filled in. Times are milliseconds. */
function extensionsOf(definition: ChannelDefinition): Extensions {
  const { conflate, durability, identify = false, publish = 'authorized' } = definition
  const key = typeof conflate === 'function' ? { computed: true } : { field: conflate }
  return {
    'x-millrace-history': historyOf(definition),
    'x-millrace-slow': slowPolicyOf(definition),
    'x-millrace-publish': publish,
    'x-millrace-identify': identify,
    ...(conflate !== undefined && { 'x-millrace-conflate': key }),
    ...(durability !== undefined && { 'x-millrace-durability': durability }),
  }
}

interface Described {
  readonly pattern: string
  readonly definition: ChannelDefinition
  readonly name: string
  readonly messages: Messages
  readonly making: Making
}

type Operations = { readonly [name: string]: Unplaced }

function publications(described: Described): Operations {
  const { name, pattern, definition, messages } = described
  const codec = codecName(definition.codec)
  const may = { description: whoMay(definition) }
  const add = (id: string, title: string) => addPayload(described, id, { option: 'message', title, codec })
  const publish = `publish${name}`
  const subscribe = `subscribe${name}`
  if (definition.conflate === undefined) {
    const { sent, received } = add('message', `A message in ${pattern}`)
    return {
      [subscribe]: receive(`Subscribe to ${pattern}`, 'subscribe', [received]),
      [publish]: { ...send(`Publish in ${pattern}`, 'publish', sent), ...may },
    }
  }
  const { sent, received } = add('value', `A value in ${pattern}: it takes the place of the one with its key`)
  const removed = messages.add('removed', removedMessage(described))
  return {
    [subscribe]: receive(`Subscribe to ${pattern}: all values, then changes`, 'subscribe', [
      received,
      removed,
    ]),
    [publish]: { ...send(`Change a value of ${pattern}`, 'publish', sent), ...may },
    [`remove${name}`]: { ...send(`Take a value of ${pattern} away, by its key`, 'publish', removed), ...may },
  }
}

/** Ephemeral messages and presence are JSON, whatever the channel's codec. */
function ephemerals(described: Described): Operations {
  const { name, pattern, definition } = described
  if (definition.ephemeral === undefined) return {}
  const title = `An ephemeral message in ${pattern}: not kept, and dropped where there is too much`
  const { sent, received } = addPayload(described, 'ephemeral', { option: 'ephemeral', title, codec: 'json' })
  return {
    [`hear${name}Ephemeral`]: receive(`Hear ephemeral messages in ${pattern}`, 'subscribe', [received]),
    [`send${name}Ephemeral`]: {
      ...send(`Send an ephemeral message in ${pattern}`, 'ephemeral', sent),
      description: whoMay(definition),
    },
  }
}

function presence(described: Described): Operations {
  const { name, pattern, definition } = described
  if (definition.presence === undefined) return {}
  const title = `What a member of ${pattern} says of itself`
  const { sent, received } = addPayload(described, 'member', { option: 'presence', title, codec: 'json' })
  return {
    [`watch${name}Members`]: receive(`See who comes to ${pattern}, changes and goes`, 'subscribe', [
      received,
    ]),
    [`enter${name}`]: send(`Enter ${pattern}, or say something else of this member`, 'enter', sent),
  }
}

function addPayload(
  { name, pattern, definition, messages, making }: Described,
  id: string,
  {
    option,
    ...payload
  }: Pick<Payload, 'title' | 'codec'> & { readonly option: 'message' | 'ephemeral' | 'presence' },
) {
  const schema: Schema | undefined = definition[option]
  const at = `channels['${pattern}'].${option}`
  return messages.addBoth(
    id,
    making.payloads.sidesOf({ ...payload, at, schema, name: name + pascal(id), main: 'output' }),
  )
}

/** Whom a hook allows, only the server knows. */
const whoMay = ({ publish }: ChannelDefinition): string =>
  publish === 'anyone'
    ? 'Any session may, unless the server has a hook that says who.'
    : 'Those may whom the server allows; others are answered `forbidden` (106).'

const removedMessage = ({ name, pattern, making }: Described): Message => ({
  name: `${name}Removed`,
  title: `A key of ${pattern} has no value any more`,
  contentType: 'application/json',
  payload: making.payloads.components.add(`${name}Removed`, { type: 'null' }),
})
