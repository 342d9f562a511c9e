import { call, channel, defineApi } from '@millrace/protocol'
import { scope, type } from 'arktype'

const { folder } = scope({ folder: { name: 'string', folders: 'folder[]' } }).export()

export const files = defineApi({
  channels: {
    'files:{user}': channel({ message: folder }),
    'chat:{room}': channel({
      message: type({ text: '1 <= string <= 500', kind: "'text' | 'note'", 'edited?': 'boolean' }),
    }),
  },
  calls: {
    count: call({
      request: type('string >= 2').pipe((text) => text.length),
      response: type('number.integer').narrow((count) => count % 2 === 0),
    }),
    parse: call({ request: type('string.numeric.parse'), response: type({ at: 'Date' }) }),
  },
})
