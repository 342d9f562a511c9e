import { jsonText, MillraceError } from '@millrace/protocol'
import type { EphemeralEvent, Ephemerals, PresenceStore, Streams } from '../broker-ports.js'
import { bodyOf, tellable } from '../failures.js'
import type { Clock, Logger, MaybePromise, Random } from '../ports.js'
import {
  type NodeMessage,
  type Notice,
  type NoticeKind,
  type Notices,
  type QuestionKind,
  type Questions,
  readNodeMessage,
} from './messages.js'

export interface ClusterParts {
  /** This node's name, which no other node has. */
  readonly node: string
  readonly broker: Ephemerals & PresenceStore & Pick<Streams, 'join'>
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/** What all were asked has come to. */
export interface Answers<K extends QuestionKind> {
  readonly answers: readonly { readonly node: string; readonly answer: Questions[K]['answer'] }[]
  /** Nodes that are alive by their leases, and did not answer in time. */
  readonly silent: readonly string[]
}

type Answerer = (asked: never) => MaybePromise<unknown>
type Listener = (notice: never) => void
type Heard = Extract<NodeMessage, { is: 'answer' | 'failure' }>

// No client can name these channels: the grammar has no name that begins so. [P2.1]
const ALL = '@nodes'
const channelOf = (node: string): string => `@node:${node}`

/**
 * The nodes of one broker, as one of them sees the others. They talk over the broker's ephemeral messages, at most once, so whatever
 * is asked has a deadline; who is alive the broker's presence says. A node that is alone asks nobody. [H8.1]
 */
export class Cluster {
  readonly #parts: ClusterParts
  readonly #listeners = new Map<NoticeKind, Listener>()
  readonly #answerers = new Map<QuestionKind, Answerer>()
  /** The questions that wait for answers. */
  readonly #asked = new Map<string, (heard: Heard) => void>()
  #generation = 0

  constructor(parts: ClusterParts) {
    this.#parts = parts
  }

  get node(): string {
    return this.#parts.node
  }

  /** From now on the others know this node, and it hears what they say. Rejects when the broker cannot be reached. */
  async start(): Promise<void> {
    const { node, broker, clock } = this.#parts
    const now = clock.now()
    this.#generation = now
    await Promise.all([broker.join(ALL), broker.join(channelOf(node))])
    const data = { codec: 'json', text: 'null' } as const
    await broker.enter(ALL, { session: node, since: now, data, generation: now })
  }

  /** From now on the others no longer count on this node. */
  async stop(): Promise<void> {
    const { node, broker, logger } = this.#parts
    try {
      await broker.depart(ALL, node, this.#generation)
    } catch (error) {
      logger.debug('could not tell the other nodes of the end of this one', { error })
    }
  }

  /** The nodes that are alive, this one included. */
  async nodes(): Promise<readonly string[]> {
    return (await this.#parts.broker.members(ALL)).map(({ session }) => session)
  }

  /** What happens when another node tells this. One listener a kind. */
  hear<K extends NoticeKind>(kind: K, listener: (notice: Notices[K]) => void): void {
    this.#listeners.set(kind, listener as Listener)
  }

  /** What another node is answered that asks this. An error goes back to who asked. One answerer a kind. */
  answer<K extends QuestionKind>(
    kind: K,
    answerer: (asked: Questions[K]['asked']) => MaybePromise<Questions[K]['answer']>,
  ): void {
    this.#answerers.set(kind, answerer as Answerer)
  }

  /** Tells all other nodes, or one. It may be lost. */
  tell<K extends NoticeKind>(kind: K, body: Notices[K], to?: string): void {
    this.#send(to, { is: 'notice', from: this.node, notice: { kind, body } as Notice })
  }

  /**
   * Asks every other node. Resolves when all have answered, or when the milliseconds are over; rejects when the broker cannot be asked
   * who is alive. An answer that is `enough` is not waited beyond.
   */
  async askAll<K extends QuestionKind>(
    kind: K,
    body: Questions[K]['asked'],
    how: { readonly within: number; enough?(answer: Questions[K]['answer']): boolean },
  ): Promise<Answers<K>> {
    const waiting = new Set(await this.nodes())
    waiting.delete(this.node)
    const answers: { node: string; answer: Questions[K]['answer'] }[] = []
    if (waiting.size === 0) return { answers, silent: [] }
    return new Promise((resolve) => {
      const end = this.#ask(undefined, { kind, body, within: how.within }, (heard) => {
        if (heard === undefined) return resolve({ answers, silent: [...waiting] })
        if (!waiting.delete(heard.from)) return
        // One that could not say is as if it were not there: what it failed of is in its own log.
        if (heard.is === 'answer') {
          const answer = heard.answer as Questions[K]['answer']
          answers.push({ node: heard.from, answer })
          if (how.enough?.(answer) === true) waiting.clear()
        }
        if (waiting.size === 0) end()
      })
    })
  }

  /** Asks one node. Rejects with what it answered as an error, or with a `timeout` that names it. */
  ask<K extends QuestionKind>(
    node: string,
    kind: K,
    how: { readonly body: Questions[K]['asked']; readonly within: number },
  ): Promise<Questions[K]['answer']> {
    return new Promise((resolve, reject) => {
      const end = this.#ask(node, { kind, ...how }, (heard) => {
        if (heard === undefined) return reject(silence([node], how.within))
        if (heard.from !== node) return
        if (heard.is === 'answer') resolve(heard.answer as Questions[K]['answer'])
        else reject(new MillraceError(heard.error.code, heard.error))
        end()
      })
    })
  }

  /** What the broker carried to this node. */
  ephemeral({ data }: EphemeralEvent): void {
    const message = data.codec === 'json' ? readNodeMessage(jsonText(data)) : undefined
    if (message === undefined || message.from === this.node) return
    switch (message.is) {
      case 'notice':
        this.#listeners.get(message.notice.kind)?.(message.notice.body as never)
        break
      case 'question':
        void this.#answer(message)
        break
      case 'answer':
      case 'failure':
        this.#asked.get(message.id)?.(message)
    }
  }

  /** Sends a question; `heard` gets each answer, and undefined when it is over: by the function returned, or by time. */
  #ask<K extends QuestionKind>(
    to: string | undefined,
    question: { readonly kind: K; readonly body: Questions[K]['asked']; readonly within: number },
    heard: (heard: Heard | undefined) => void,
  ): () => void {
    const { clock, random } = this.#parts
    const { kind, body, within } = question
    const id = random.id()
    const end = (): void => {
      cancel()
      if (this.#asked.delete(id)) heard(undefined)
    }
    const cancel = clock.schedule(within, end)
    this.#asked.set(id, heard)
    this.#send(to, { is: 'question', from: this.node, id, question: { kind, body } as never })
    return end
  }

  async #answer({ from, id, question }: Extract<NodeMessage, { is: 'question' }>): Promise<void> {
    const { node, logger } = this.#parts
    const answerer = this.#answerers.get(question.kind)
    // A question of a later version: who asks finds this node silent.
    if (answerer === undefined) return
    try {
      const answer = (await answerer(question.body as never)) ?? null
      this.#send(from, { is: 'answer', from: node, id, answer })
    } catch (thrown) {
      const error = tellable(thrown, (error) =>
        logger.error(`answering another node's '${question.kind}' failed`, { error }),
      )
      this.#send(from, { is: 'failure', from: node, id, error: bodyOf(error) })
    }
  }

  #send(to: string | undefined, message: NodeMessage): void {
    const { broker, logger } = this.#parts
    const data = { codec: 'json', text: JSON.stringify(message) } as const
    const failed = (error: unknown): void => logger.debug('could not reach other nodes', { error })
    try {
      const sent = broker.send(to === undefined ? ALL : channelOf(to), { data })
      if (sent instanceof Promise) sent.catch(failed)
    } catch (error) {
      failed(error)
    }
  }
}

/** The error of who waited for nodes that did not answer. */
export const silence = (nodes: readonly string[], milliseconds: number): MillraceError =>
  new MillraceError('timeout', {
    message: `No answer within ${milliseconds} ms from ${nodes.length === 1 ? 'node' : 'nodes'} ${nodes.map((node) => `'${node}'`).join(', ')}`,
  })
