import { type CallDefinition, callTimeoutOf, codecName, waitOf } from '@millrace/protocol'
import { ERROR } from './errors.js'
import { camel, pascal } from './names.js'
import { placed, receive, send, type Unplaced } from './operations.js'
import { channelAt, type Making, Messages, type Part } from './part.js'
import type { Channel } from './types.js'

/**
 * A call: a channel of its own with request and response, and two operations, because the api does not say who answers. A client calls the
 * server, or by it another client; or it is called, and answers.
 */
export function callPart(method: string, definition: CallDefinition, making: Making): Part {
  const name = making.names.take(pascal(method))
  const id = camel(name)
  const { messages, sides } = messagesOf(method, definition, { name, making })
  const { request, response, error } = sides
  const channel = channelAt(id)
  const call: Unplaced = {
    ...send(`Call ${method}`, 'call', request.sent),
    description: 'Where nobody handles it, the answer is `unknown-method` (115).',
    reply: { channel, messages: [response.received, error] },
  }
  const answer: Unplaced = {
    ...receive(`Answer ${method}, when this client is called`, 'answer', [request.received]),
    description: 'A client that does not handle it answers `unknown-method` (115).',
    reply: { channel, messages: [response.sent, error] },
  }
  const operations = {
    [making.operationNames.take(`call${name}`)]: placed(channel, call),
    [making.operationNames.take(`answer${name}`)]: placed(channel, answer),
  }
  return { id, channel: channelOf(method, definition, messages), operations }
}

function channelOf(method: string, definition: CallDefinition, messages: Messages): Channel {
  const { description } = definition
  const wait = waitOf(definition)
  return {
    address: method,
    title: method,
    ...(description !== undefined && { description }),
    messages: messages.all,
    'x-millrace-call': {
      timeout: callTimeoutOf(definition),
      ...(wait !== undefined && { wait }),
    },
  }
}

function messagesOf(
  method: string,
  definition: CallDefinition,
  { name, making }: { readonly name: string; readonly making: Making },
) {
  const messages = new Messages(camel(name))
  const codec = codecName(definition.codec)
  const add = (option: 'request' | 'response', main: 'input' | 'output') => {
    const payload = {
      name: name + pascal(option),
      at: `calls['${method}'].${option}`,
      title: `The ${option} of ${method}`,
      ...{ schema: definition[option], codec, main },
    }
    return messages.addBoth(option, making.payloads.sidesOf(payload))
  }
  // Most clients call, and few are called.
  const sides = { request: add('request', 'input'), response: add('response', 'output') }
  return { messages, sides: { ...sides, error: messages.add('error', ERROR) } }
}
