import { call, channel, defineApi } from '@millrace/protocol'

/** A schema that takes whatever comes. */
const anything = {
  '~standard': { version: 1, vendor: 'simulation', validate: (value: unknown) => ({ value }) },
} as const

/** What a message of a state is about: one of a few things, whoever writes. */
export const aboutOf = (message: unknown): string =>
  `k${Number(/#(\d+)/.exec(String(message))?.[1] ?? 0) % 5}`

/** Channels that keep much, little, and nothing; a state, and one that drops what slow readers cannot take. */
export const api = defineApi({
  channels: {
    'room:{name}': channel({
      publish: 'anyone',
      history: { size: 200, ttl: '10m' },
      presence: anything,
    }),
    'brief:{name}': channel({ publish: 'anyone', history: { size: 8, ttl: '20s' } }),
    'none:{name}': channel({ publish: 'anyone', history: { size: 0 } }),
    'state:{name}': channel({ publish: 'anyone', conflate: aboutOf, history: { size: 6 } }),
    'feed:{name}': channel({ publish: 'anyone', slow: 'drop-oldest', history: { size: 200, ttl: '10m' } }),
  },
  calls: { echo: call({ timeout: '5s' }) },
})

export const CHANNELS = ['room:one', 'state:one', 'feed:one', 'room:two', 'brief:one', 'none:one'] as const
