/**
 * What a node knows of a channel's subscribers here. `claiming`: the first has come, and others are asked whether they have any. `held`: there
 * are some here, and some node has told that the channel has any. `lingering`: as `held`, but the last one has left a
 * moment ago. `leaving`: none has come since, and others are asked whether they have any.
 */
export type Phase = 'claiming' | 'held' | 'lingering' | 'leaving'

export interface Hold {
  readonly channel: string
  /** Subscriptions here. */
  count: number
  phase: Phase
  /** Of a claim or a leave: when it was made, later than all that was heard of before. No other of this node has the same. */
  at: number
  /** Ends the lingering. */
  cancel: (() => void) | undefined
}

/** What another node has of a channel. */
export interface OtherHold {
  readonly node: string
  /** A channel that lingers is held. */
  readonly is: Exclude<Phase, 'lingering'>
  readonly at: number
}
