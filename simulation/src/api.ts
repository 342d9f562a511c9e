import { call, channel, defineApi } from '@millrace/protocol'

/** A schema that takes whatever comes. */
const anything = {
  '~standard': { version: 1, vendor: 'simulation', validate: (value: unknown) => ({ value }) },
} as const

/** Channels that keep much, little, and nothing. */
export const api = defineApi({
  channels: {
    'room:{name}': channel({
      publish: 'anyone',
      history: { size: 200, ttl: '10m' },
      presence: anything,
    }),
    'brief:{name}': channel({ publish: 'anyone', history: { size: 8, ttl: '20s' } }),
    'none:{name}': channel({ publish: 'anyone', history: { size: 0 } }),
  },
  calls: { echo: call({ timeout: '5s' }) },
})

export const CHANNELS = ['room:one', 'room:two', 'brief:one', 'none:one'] as const
