import { CODES, type CodeName } from '@millrace/protocol'
import type { JsonSchema } from '../schemas/json-schema.js'
import type { Message, Reference } from './types.js'

export const ERROR: Reference = { $ref: '#/components/messages/Error' }

/** The codes from `first` to `last`, as the document has them. */
export const codesFrom = (first: number, last: number): readonly unknown[] =>
  (Object.keys(CODES) as CodeName[])
    .map((name) => ({ name, ...CODES[name] }))
    .filter(({ code }) => code >= first && code <= last)
    .map(({ code, name, retry, fault }) => ({ code, name, retry, fault }))

/** What a command is answered with that could not be carried out. */
export const errorMessage = (payload: Reference): Message => ({
  name: 'Error',
  title: 'Why it could not be done',
  contentType: 'application/json',
  payload,
})

/** Not closed: a newer server may say more. */
export const errorSchema = (): JsonSchema => ({
  type: 'object',
  required: ['code', 'message'],
  properties: {
    code: {
      type: 'integer',
      description:
        'Of 100 to 199 the request is wrong and would fail again; of 200 to 299 it may succeed later. A code that is not listed follows its range.',
      'x-millrace-codes': codesFrom(100, 299),
    },
    message: { type: 'string', description: 'For people. It may change: act on the code.' },
    field: { type: 'string', description: 'The place that is wrong, such as `data.text`.' },
    retryAfter: { type: 'integer', minimum: 0, description: 'Milliseconds after which to try again.' },
  },
})
