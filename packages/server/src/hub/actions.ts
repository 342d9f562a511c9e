/**
 * What a session may want to do with a channel. `subscribe` covers recovering what was missed while away, as far as the
 * channel keeps it; `presence` seeing members and entering; `history` asking for the past.
 */
export const ACTIONS = ['subscribe', 'publish', 'ephemeral', 'presence', 'history'] as const
export type Action = (typeof ACTIONS)[number]
