import { isUtf8 } from 'node:buffer'
import { randomFillSync } from 'node:crypto'
import {
  CLOSE_CODE,
  type ConnectionSettings,
  DEFAULT_DEFLATE_OPTIONS,
  DEFAULT_FRAME_LIMITS,
  type DeflateAgreement,
  type DeflateOptions,
  type FrameLimits,
  isWireCloseCode,
  type Role,
} from '../websocket/index.js'
import { DeadlineQueue } from './deadline-queue.js'
import { DEFAULT_DEFLATE_SETTINGS, type DeflateSettings, LinkCompression } from './deflate.js'
import { InputTurns } from './input-turns.js'
import { LinkRegistry } from './link-registry.js'
import { Outbox } from './outbox.js'

/** Limits of a link and what happens at them. All are on by default. */
export interface LinkOptions extends Partial<FrameLimits> {
  /** permessage-deflate: off by default; true for the defaults. What is agreed depends on the peer. RFC 7692. */
  readonly deflate?: boolean | Partial<DeflateOptions & DeflateSettings>
  /** Bytes that may wait for a peer that does not read. Default 4 MiB. One frame more is accepted, the next is not. */
  readonly maxBufferedBytes?: number
  /** Close code for a link beyond `maxBufferedBytes`. Default 1008. */
  readonly overflowCode?: number
  /**
   * While more than this waits for a peer, what it sends is not read. In bytes, default 256 KiB; a mark below the
   * stream's own (16 KiB for a socket of Node 20) acts like that one.
   */
  readonly pauseReadsAboveBytes?: number
  /** How long a peer may take to end its side once the link is closing. In milliseconds, default 5,000. */
  readonly closeTimeoutMs?: number
}

/** Something that can be ended at once. */
export interface Terminable {
  terminate(): void
}

/** Resolved settings, shared by all links of a server. */
export interface LinkSettings {
  readonly role: Role
  /** For links without, and with, permessage-deflate. */
  readonly plain: ConnectionSettings
  readonly compressed: ConnectionSettings
  /** What of permessage-deflate may be agreed, and how it is used; null when it is off. */
  readonly deflate: { readonly options: DeflateOptions; readonly settings: DeflateSettings } | null
  readonly outbox: Outbox
  /** How long its links may be read in one turn of the event loop. */
  readonly turns: InputTurns
  /** The links that have not told their end yet. */
  readonly links: LinkRegistry
  /** Links whose peers have until their deadline to end the transport. */
  readonly closing: DeadlineQueue<Terminable>
  /** The same, of peers who went on sending. */
  readonly heedless: DeadlineQueue<Terminable>
  readonly maxBufferedBytes: number
  readonly overflowCode: number
  readonly pauseReadsAboveBytes: number
  /** Answers a new masking key for every frame of a client (RFC 6455 §5.3); undefined on a server. */
  readonly nextMaskKey: () => number | undefined
}

/** The compression of a link that agreed to it. */
export function compressionOf(
  agreed: DeflateAgreement | null,
  settings: LinkSettings,
): LinkCompression | null {
  if (agreed === null || settings.deflate === null) return null
  return new LinkCompression(agreed, settings.role, settings.deflate.settings)
}

const KIBIBYTE = 1024
const DEFAULT_MAX_BUFFERED_BYTES = 4 * KIBIBYTE * KIBIBYTE
const DEFAULT_PAUSE_READS_ABOVE_BYTES = 256 * KIBIBYTE
const DEFAULT_CLOSE_TIMEOUT_MS = 5000
/** So long who went on sending has to read why his connection is over. */
const HEEDLESS_TIMEOUT_MS = 1000

/**
 * Checks options once and fills in the defaults.
 * @throws {RangeError} naming the option that is not a positive number, or not a code that may be sent.
 */
export function resolveLinkSettings(role: Role, options: LinkOptions): LinkSettings {
  const limits: FrameLimits = {
    maxFrameBytes: positive(options, 'maxFrameBytes', DEFAULT_FRAME_LIMITS.maxFrameBytes),
    maxMessageBytes: positive(options, 'maxMessageBytes', DEFAULT_FRAME_LIMITS.maxMessageBytes),
    maxFragments: positive(options, 'maxFragments', DEFAULT_FRAME_LIMITS.maxFragments),
    maxInflatedBytes: positive(options, 'maxInflatedBytes', DEFAULT_FRAME_LIMITS.maxInflatedBytes),
  }
  const overflowCode = options.overflowCode ?? CLOSE_CODE.policyViolation
  if (!isWireCloseCode(overflowCode)) throw new RangeError(`overflowCode ${overflowCode} must not be sent`)
  const closeTimeoutMs = positive(options, 'closeTimeoutMs', DEFAULT_CLOSE_TIMEOUT_MS)
  const rules = { masked: role === 'server', limits, isUtf8 }
  return {
    role,
    plain: { role, rules: { ...rules, compression: false } },
    compressed: { role, rules: { ...rules, compression: true } },
    deflate: resolveDeflate(options.deflate ?? false),
    outbox: new Outbox(),
    turns: new InputTurns(),
    links: new LinkRegistry(),
    closing: new DeadlineQueue(closeTimeoutMs, terminate),
    heedless: new DeadlineQueue(Math.min(closeTimeoutMs, HEEDLESS_TIMEOUT_MS), terminate),
    maxBufferedBytes: positive(options, 'maxBufferedBytes', DEFAULT_MAX_BUFFERED_BYTES),
    overflowCode,
    pauseReadsAboveBytes: positive(options, 'pauseReadsAboveBytes', DEFAULT_PAUSE_READS_ABOVE_BYTES),
    nextMaskKey: role === 'client' ? maskKeys() : noMaskKey,
  }
}

type NumericOption = {
  [Name in keyof LinkOptions]-?: LinkOptions[Name] extends number | undefined ? Name : never
}[keyof LinkOptions]

function positive(options: LinkOptions, name: NumericOption, fallback: number): number {
  const value = options[name] ?? fallback
  if (!(value > 0)) throw new RangeError(`${name} must be a positive number, not ${value}`)
  return value
}

function resolveDeflate(deflate: NonNullable<LinkOptions['deflate']>): LinkSettings['deflate'] {
  if (deflate === false) return null
  const given = deflate === true ? {} : deflate
  const options: DeflateOptions = {
    serverContextTakeover: given.serverContextTakeover ?? DEFAULT_DEFLATE_OPTIONS.serverContextTakeover,
    clientContextTakeover: given.clientContextTakeover ?? DEFAULT_DEFLATE_OPTIONS.clientContextTakeover,
    serverMaxWindowBits: given.serverMaxWindowBits ?? DEFAULT_DEFLATE_OPTIONS.serverMaxWindowBits,
    clientMaxWindowBits: given.clientMaxWindowBits ?? DEFAULT_DEFLATE_OPTIONS.clientMaxWindowBits,
  }
  const settings: DeflateSettings = {
    thresholdBytes: given.thresholdBytes ?? DEFAULT_DEFLATE_SETTINGS.thresholdBytes,
    level: given.level ?? DEFAULT_DEFLATE_SETTINGS.level,
  }
  between('deflate.serverMaxWindowBits', options.serverMaxWindowBits, [8, 15])
  between('deflate.clientMaxWindowBits', options.clientMaxWindowBits, [8, 15])
  between('deflate.level', settings.level, [1, 9])
  between('deflate.thresholdBytes', settings.thresholdBytes, [0, Number.MAX_SAFE_INTEGER])
  return { options, settings }
}

function between(name: string, value: number, [least, most]: readonly [number, number]): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`${name} must be an integer from ${least} to ${most}, not ${value}`)
  }
}

const terminate = (link: Terminable): void => link.terminate()

function noMaskKey(): undefined {
  return undefined
}

const KEYS_AT_ONCE = 2048

/** Unpredictable keys, as RFC 6455 §10.3 wants them, made many at a time because asking for randomness is slow. */
function maskKeys(): () => number {
  const keys = new Int32Array(KEYS_AT_ONCE)
  let next = KEYS_AT_ONCE
  return () => {
    if (next === KEYS_AT_ONCE) {
      randomFillSync(keys)
      next = 0
    }
    const key = keys[next] as number
    next += 1
    return key
  }
}
