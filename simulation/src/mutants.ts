/** Defects to plant in what ships, one at a time: a simulation that does not notice them proves nothing. */
export interface Mutant {
  readonly name: string
  /** The file, from the root of the repository. */
  readonly file: string
  /** What stands there once, and what is put in its place. */
  readonly find: string
  readonly put: string
  /** The seed at which it is noticed, so that not all before it are run each time. */
  readonly seed: number
}

const ATTEMPT = 'packages/client/src/fallback/attempt.ts'
const CHOOSER = 'packages/client/src/fallback/chooser.ts'
const STREAM = 'packages/client/src/core/stream.ts'
const TOPIC = 'packages/server/src/hub/topic.ts'
const FEED = 'packages/server/src/hub/feed.ts'
const BACKLOG = 'packages/server/src/hub/pace/backlog.ts'
const LINGERING = 'packages/server/src/hub/lingering.ts'

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'the client hands on what it was sent twice',
    seed: 1,
    file: 'packages/protocol/src/position.ts',
    find: "if (publication.offset <= last) return 'repeat'",
    put: '',
  },
  {
    name: 'a hole in the chain is not seen',
    seed: 13,
    file: 'packages/protocol/src/position.ts',
    find: "? 'next' : 'hole'",
    put: "? 'next' : 'next'",
  },
  {
    name: 'the client ignores epochs',
    seed: 1,
    file: STREAM,
    find: 'return this.position?.epoch === epoch && this.position.offset >= offset',
    put: 'return this.position !== undefined && this.position.offset >= offset',
  },
  {
    name: 'of what is recovered the client takes the first alone',
    seed: 1,
    file: STREAM,
    find: '    for (const publication of publications) {\n      // A listener',
    put: '    for (const publication of publications.slice(0, 1)) {\n      // A listener',
  },
  {
    name: 'the client waits for ever where history has more than it asked for',
    seed: 1,
    file: STREAM,
    find: 'if (whole && epoch === since.epoch && this.#reached(goal)) this.#release(live)',
    put: 'if (whole && !answer?.more && epoch === since.epoch && this.#reached(goal)) this.#release(live)',
  },
  {
    name: 'what did not fit into a reply is not spoken of',
    seed: 1,
    file: 'packages/server/src/hub/commands/subscribe.ts',
    find: 'more: recovery !== undefined && (portion.more || slice.more) ? true : undefined,',
    put: 'more: undefined,',
  },
  {
    name: 'a connection that was given up is heard again',
    seed: 53,
    file: 'packages/client/src/core/life.ts',
    find: 'const live = () => this.#aborter === aborter',
    put: 'const live = () => true',
  },
  {
    name: 'a dead connection is never given up',
    seed: 2,
    file: 'packages/client/src/core/liveness.ts',
    find: '    else events.dead()\n',
    put: '',
  },
  {
    name: 'a publication that is sent again is another one',
    seed: 1,
    file: 'packages/client/src/core/channel.ts',
    find: 'const { id = this.#core.id(), excludeSelf',
    put: 'const { id, excludeSelf',
  },
  {
    name: 'requests that were under way are forgotten',
    seed: 1,
    file: 'packages/client/src/core/requests.ts',
    find: '      else if (command !== undefined) this.#unsent.push(command)\n',
    put: '      else this.#requests.delete(command?.id ?? 0)\n',
  },
  {
    name: 'recovered, whatever is missing',
    seed: 1,
    file: 'packages/server/src/hub/recovery.ts',
    find: 'if (floor !== undefined && floor.offset > since.offset)',
    put: 'if (floor !== undefined && floor.offset < 0)',
  },
  {
    name: 'recovery ignores epochs',
    seed: 2,
    file: 'packages/server/src/hub/recovery.ts',
    find: 'if (since.epoch !== head.epoch)',
    put: "if (since.epoch === '')",
  },
  {
    name: 'history and live feed are merged one too late',
    seed: 9,
    file: TOPIC,
    find: 'return epoch === head.epoch && offset > head.offset\n',
    put: 'return epoch === head.epoch && offset > head.offset + 1\n',
  },
  {
    name: 'history and live feed are merged one too early',
    seed: 13,
    file: TOPIC,
    find: 'return epoch === head.epoch && offset > head.offset\n',
    put: 'return epoch === head.epoch && offset >= head.offset\n',
  },
  {
    name: 'what came while history was read is dropped',
    seed: 9,
    file: TOPIC,
    find: 'const held = subscription.held ?? []',
    put: 'const held = [] as NonNullable<typeof subscription.held>',
  },
  {
    name: 'a subscriber ahead of the feed gets it all again',
    seed: 17,
    file: TOPIC,
    find: 'subscription.ahead = head.offset > feed.offset ? head : undefined',
    put: 'subscription.ahead = undefined',
  },
  {
    name: 'a subscriber stays ahead of a stream that is gone',
    seed: 69,
    file: TOPIC,
    find: 'const lead = ahead.epoch === gap.to.epoch ? ahead.offset - gap.to.offset : -1',
    put: 'const lead = 1',
  },
  {
    name: 'the chain is not closed over what was left out',
    seed: 1,
    file: TOPIC,
    find: 'const prev = subscription.skippedFrom\n',
    put: 'const prev = undefined\n',
  },
  {
    name: 'a node does not notice what its live feed lost',
    seed: 68,
    file: 'packages/server/src/hub/topics.ts',
    find: 'if (!this.#parts.streams.exact) this.#verifyLater()',
    put: '',
  },
  {
    name: 'a node passes on late messages of the live feed',
    seed: 1,
    file: FEED,
    find: "if (link !== 'next') return link === 'repeat' && !this.#isFromAnotherPast(publication)",
    put: "if (link === 'hole') return false",
  },
  {
    name: 'a node keeps silent about what it could not repair',
    seed: 1,
    file: FEED,
    find: '    this.#host.gap(gap)\n',
    put: '',
  },
  {
    name: 'a session that comes back is another one',
    seed: 1,
    file: 'packages/server/src/hub/tickets.ts',
    find: 'return this.#signer.verify(this.#secret, textOf(taken, user), code) ? taken : undefined',
    put: 'return undefined',
  },
  {
    name: 'a member departs with its connection',
    seed: 1,
    file: LINGERING,
    find: 'this.#later(this.#parts.grace, () => this.depart(taken, channels))',
    put: 'this.depart(taken, channels)',
  },
  {
    name: 'a member that does not come back stays',
    seed: 3,
    file: LINGERING,
    find: 'for (const channel of channels) void this.#depart(taken, channel)',
    put: '',
  },
  {
    name: 'a connection that was given up takes the member along that came back',
    seed: 1,
    file: LINGERING,
    find: 'presence.depart(channel, taken.session, taken.generation)',
    put: 'presence.depart(channel, taken.session, taken.generation + 1000)',
  },
  {
    name: 'a session that comes back takes the number of the one before',
    seed: 1,
    file: 'packages/server/src/hub/admission.ts',
    find: 'Math.max(attempt, taken.generation + 1)',
    put: 'taken.generation',
  },
  {
    name: 'of two connections the one that is heard last has the session',
    seed: 13,
    file: 'packages/server/src/hub/admission.ts',
    find: 'Math.max(attempt, taken.generation + 1)',
    put: 'Math.round(this.#clock.now())',
  },
  {
    name: 'a node does not notice what it was not told of members',
    seed: 11,
    file: 'packages/server/src/hub/topics.ts',
    find: 'for (const { change, member } of changes) topic.presence(change, member)',
    put: '',
  },
  {
    name: 'of what another has read a subscriber gets the end alone',
    seed: 36,
    file: 'packages/server/src/hub/shared-reads.ts',
    find: 'return cut(slice, shared, from < 0 ? publications.length : from)',
    put: 'return cut(slice, shared, publications.length)',
  },
  {
    name: 'a slow reader does not get the newest',
    seed: 11,
    file: BACKLOG,
    find: '    newest.set(entry.key, entry)\n',
    put: '    newest.set(entry.key, before ?? entry)\n',
  },
  {
    name: 'what a slow reader was not sent is not told',
    seed: 1783,
    file: BACKLOG,
    find: "      this.#send({ gap: { ...lost, reason: 'slow-consumer' } })\n",
    put: '',
  },
  {
    name: 'the chain of a slow reader is not closed',
    seed: 3,
    file: BACKLOG,
    find: 'const prev = this.#last === predecessor(publication) ? undefined : this.#last',
    put: 'const prev = undefined',
  },
  {
    name: 'who comes back to a state keeps what is gone',
    // Rare: what is gone must have gone from the store as well while somebody was away.
    seed: 1428,
    file: 'packages/server/src/hub/state-channel.ts',
    find: '(floor !== undefined && floor.offset >= since.offset)',
    put: 'false',
  },
  {
    name: 'a client keeps what it knew of a state that began anew',
    seed: 27,
    file: 'packages/client/src/core/subscription.ts',
    find: "        this.values.clear()\n        this.#emit('snapshot')",
    put: "        this.#emit('snapshot')",
  },
  {
    name: 'large messages go into each other',
    seed: 276,
    file: 'packages/server/src/hub/pace/large-message.ts',
    find: "    if (middle !== undefined && middle !== this && this.#parts.length > 1) return 'idle'\n",
    put: '',
  },
  {
    name: 'what is half sent of a channel comes after it was left',
    seed: 912,
    file: 'packages/server/src/hub/commands/subscribe.ts',
    find: '  if (left !== undefined) await session.whileItReads(left)\n',
    put: '',
  },
  {
    name: 'what a request brings again is carried out again',
    seed: 8,
    file: 'packages/server/src/requests/inbox.ts',
    find: 'for (let index = this.#next - seq;',
    put: 'for (let index = 0;',
  },
  {
    name: 'what goes up has the number of what went before',
    seed: 3,
    file: 'packages/client/src/fallback/upstream.ts',
    find: '      this.#seq++\n',
    put: '',
  },
  {
    name: 'a request that is not for this node is not carried on',
    seed: 8,
    file: 'packages/server/src/requests/request-links.ts',
    find: 'return home === node ? this.#here(request)',
    put: "return home !== '' ? this.#here(request)",
  },
  {
    name: 'a transport that does not work is tried for ever',
    seed: 8,
    file: CHOOSER,
    find: 'failed: () => (this.#fail(name) ? { wait: 0 } : undefined)',
    put: 'failed: () => undefined',
  },
  {
    name: 'nobody moves to a better transport',
    seed: 3,
    file: CHOOSER,
    find: 'better: this.#betterThan(name),',
    put: 'better: [],',
  },
  {
    name: 'who moves to a better transport forgets the calls that are under way',
    seed: 35,
    file: ATTEMPT,
    find: 'if (this.#isOver || !events.idle()) return false',
    put: 'if (this.#isOver) return false',
  },
  {
    name: 'what became of one connection is told of the next',
    seed: 6,
    file: 'packages/client/src/core/life.ts',
    find: '    this.farewell = undefined\n',
    put: '',
  },
]
