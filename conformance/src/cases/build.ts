import type { Case, Level, MessageSpec, Opening, Scope, Step, SubjectOptions } from '../model.js'
import { concat, utf8 } from '../wire/bytes.js'
import { type FrameSpec, OPCODE } from '../wire/frame.js'

type FrameExtra = Omit<FrameSpec, 'opcode' | 'payload'>

function bytesOf(payload: string | Uint8Array): Uint8Array {
  return typeof payload === 'string' ? utf8(payload) : payload
}

export function frame(opcode: number, payload: string | Uint8Array = '', extra: FrameExtra = {}): FrameSpec {
  return { opcode, payload: bytesOf(payload), ...extra }
}

export const text = (payload: string | Uint8Array = '', extra?: FrameExtra) =>
  frame(OPCODE.text, payload, extra)
export const binary = (payload: string | Uint8Array = '', extra?: FrameExtra) =>
  frame(OPCODE.binary, payload, extra)
export const cont = (payload: string | Uint8Array = '', extra?: FrameExtra) =>
  frame(OPCODE.continuation, payload, extra)
export const ping = (payload: string | Uint8Array = '', extra?: FrameExtra) =>
  frame(OPCODE.ping, payload, extra)
export const pong = (payload: string | Uint8Array = '', extra?: FrameExtra) =>
  frame(OPCODE.pong, payload, extra)

/** Marks a frame as not the last of its message. */
export const MORE = { fin: false } as const

/** RFC 6455 §5.5.1: the code in network order, then the reason. */
export function closePayload(code: number, reason: string | Uint8Array = ''): Uint8Array {
  return concat([Uint8Array.of(code >> 8, code), bytesOf(reason)])
}

export function close(code?: number, reason: string | Uint8Array = ''): FrameSpec {
  return frame(OPCODE.close, code === undefined ? '' : closePayload(code, reason))
}

/** A whole message in the way the connection agreed on: compressed where permessage-deflate was negotiated. */
export function message(
  kind: 'text' | 'binary',
  payload: string | Uint8Array,
  more: Partial<MessageSpec> = {},
): MessageSpec {
  return { message: kind, payload: bytesOf(payload), ...more }
}

export const send = (...pieces: Extract<Step, { send: unknown }>['send']): Step => ({ send: pieces })
/** Sends all but the last `cut` octets, which never come. */
export const sendBut = (cut: number, ...pieces: Extract<Step, { send: unknown }>['send']): Step => ({
  send: pieces,
  cut,
})
export const getText = (payload: string | Uint8Array): Step => ({ expect: 'text', payload: bytesOf(payload) })
export const getBinary = (payload: string | Uint8Array): Step => ({
  expect: 'binary',
  payload: bytesOf(payload),
})
export const getPong = (payload: string | Uint8Array = ''): Step => ({
  expect: 'pong',
  payload: bytesOf(payload),
})
export const getClose = (...codes: readonly number[]): Step => ({ expect: 'close', codes })
export const fails = (...codes: readonly number[]): Step => ({ expect: 'fail', codes })
export const ends: Step = { expect: 'end' }

/** Proof that the connection still works and that nothing else was waiting to be said. */
export const alive: readonly Step[] = [send(ping('still there?')), getPong('still there?')]

export interface CaseInput {
  readonly title: string
  readonly steps?: readonly Step[]
  readonly level?: Level
  readonly on?: Scope
  readonly options?: SubjectOptions
  readonly opening?: Opening
  /** Default: true, unless a step ends the connection or the opening is to be refused. */
  readonly closes?: boolean
  readonly patience?: number
}

/** The cases of one topic; ids are the prefix and a running number. */
export class Topic {
  readonly cases: Case[] = []
  readonly #prefix: string
  readonly #rfc: string
  readonly #defaults: Omit<CaseInput, 'title'>

  constructor(prefix: string, rfc: string, defaults: Omit<CaseInput, 'title'> = {}) {
    this.#prefix = prefix
    this.#rfc = rfc
    this.#defaults = defaults
  }

  add(input: CaseInput): this {
    const merged = { ...this.#defaults, ...input }
    const { opening, patience } = merged
    const steps = merged.steps ?? []
    this.cases.push({
      id: `${this.#prefix}-${String(this.cases.length + 1).padStart(2, '0')}`,
      title: merged.title,
      rfc: this.#rfc,
      level: merged.level ?? 'must',
      on: { ...this.#defaults.on, ...input.on },
      options: merged.options ?? {},
      steps,
      closes: merged.closes ?? (opens(opening) && !steps.some(endsConnection)),
      ...(opening === undefined ? {} : { opening }),
      ...(patience === undefined ? {} : { patience }),
    })
    return this
  }
}

function opens(opening: Opening | undefined): boolean {
  if (opening === undefined) return true
  return opening.kind === 'request' ? opening.answer.accepted : opening.client === 'opens'
}

function endsConnection(step: Step): boolean {
  if ('act' in step) return true
  return 'expect' in step && (step.expect === 'fail' || step.expect === 'close' || step.expect === 'end')
}
