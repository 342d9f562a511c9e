/** The hub's ports on Node: time, randomness, text and a log. */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock, Logger, Random, Signer } from '../hub/index.js'

/** Longest delay a Node timer takes, in milliseconds (2^31 − 1). */
const MAX_DELAY = 2_147_483_647

export const systemClock: Clock = {
  now: Date.now,
  schedule: (delay, task) => {
    // A timer takes a millisecond at least, and what comes next turn is soon over.
    if (delay <= 0) {
      const next = setImmediate(task)
      return () => clearImmediate(next)
    }
    const timer = setTimeout(task, Math.min(delay, MAX_DELAY))
    timer.unref()
    return () => clearTimeout(timer)
  },
}

/** Keeps the process alive until this has come to its end: timers do not. */
export async function awake<T>(end: Promise<T>): Promise<T> {
  const timer = setInterval(() => {}, MAX_DELAY)
  try {
    return await end
  } finally {
    clearInterval(timer)
  }
}

/** 128 bits in 22 characters that may stand in a URL. */
export const systemRandom: Random = { id: () => randomBytes(16).toString('base64url') }

const code = (secret: string, text: string): Buffer => createHmac('sha256', secret).update(text).digest()

/** HMAC-SHA-256 (RFC 2104, FIPS 180-4), in base64url. */
export const systemSigner: Signer = {
  sign: (secret, text) => code(secret, text).toString('base64url'),
  verify: (secret, text, given) => {
    const [right, said] = [code(secret, text), Buffer.from(given, 'base64url')]
    return right.length === said.length && timingSafeEqual(right, said)
  },
}

/** SHA-256 (FIPS 180-4) in hexadecimal digits. */
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

const LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LEVELS)[number]

/** Writes what is at least as grave as `level` to standard error, one line each. */
export function consoleLogger(level: LogLevel): Logger {
  const write =
    (name: LogLevel) =>
    (message: string, details?: object): void => {
      if (LEVELS.indexOf(name) < LEVELS.indexOf(level)) return
      console.error(`millrace ${name}: ${message}`, ...(details === undefined ? [] : [details]))
    }
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}
