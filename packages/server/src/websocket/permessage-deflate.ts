import type { ExtensionElement } from './handshake-header.js'

/** RFC 7692 §7. */
export const PERMESSAGE_DEFLATE = 'permessage-deflate'

/** What one side is ready to agree to. "server" and "client" name who compresses. RFC 7692 §7.1. */
export interface DeflateOptions {
  /** Whether a server may keep its window from message to message. Without it a broadcast is compressed once for all. */
  readonly serverContextTakeover: boolean
  /** Whether a client may keep its window from message to message, which the server must then keep too. */
  readonly clientContextTakeover: boolean
  /** Largest window of the server, as a power of two: 8 to 15. */
  readonly serverMaxWindowBits: number
  /** Largest window of the client, as a power of two: 8 to 15. */
  readonly clientMaxWindowBits: number
}

/** What both sides agreed to: the same fields, now binding. */
export type DeflateAgreement = DeflateOptions

/** The defaults: no window kept by the server, one kept by the client, both of 32 KiB. */
export const DEFAULT_DEFLATE_OPTIONS: DeflateOptions = {
  serverContextTakeover: false,
  clientContextTakeover: true,
  serverMaxWindowBits: 15,
  clientMaxWindowBits: 15,
}

const MAX_WINDOW_BITS = 15
/** RFC 7692 §7.1.2: a decimal integer from 8 to 15 without leading zeros. */
const WINDOW_BITS = /^(?:[89]|1[0-5])$/

const SERVER_NO_CONTEXT_TAKEOVER = 'server_no_context_takeover'
const CLIENT_NO_CONTEXT_TAKEOVER = 'client_no_context_takeover'
const SERVER_MAX_WINDOW_BITS = 'server_max_window_bits'
const CLIENT_MAX_WINDOW_BITS = 'client_max_window_bits'

/** The parameters as they were written: undefined is absent, null is present without a value. */
interface Parameters {
  serverNoContextTakeover?: null
  clientNoContextTakeover?: null
  serverMaxWindowBits?: number
  clientMaxWindowBits?: number | null
}

/** Reads parameters, or says in a sentence what is wrong with them. */
function readParameters(element: ExtensionElement): Parameters | string {
  const seen = new Set<string>()
  const parameters: Parameters = {}
  for (const [name, value] of element.parameters) {
    if (seen.has(name)) return `parameter ${name} occurs twice`
    seen.add(name)
    switch (name) {
      case SERVER_NO_CONTEXT_TAKEOVER:
      case CLIENT_NO_CONTEXT_TAKEOVER:
        // RFC 7692 §7.1.1: these two have no value.
        if (value !== null) return `parameter ${name} must not have a value`
        if (name === SERVER_NO_CONTEXT_TAKEOVER) parameters.serverNoContextTakeover = null
        else parameters.clientNoContextTakeover = null
        break
      case SERVER_MAX_WINDOW_BITS:
        if (value === null || !WINDOW_BITS.test(value)) return `parameter ${name} must be 8 to 15`
        parameters.serverMaxWindowBits = Number(value)
        break
      case CLIENT_MAX_WINDOW_BITS:
        if (value !== null && !WINDOW_BITS.test(value)) return `parameter ${name} must be 8 to 15`
        parameters.clientMaxWindowBits = value === null ? null : Number(value)
        break
      default:
        return `parameter ${name} is unknown`
    }
  }
  return parameters
}

/**
 * As a server: the first offer that can be accepted, or null to go on without compression.
 * RFC 7692 §7.1: an offer with an unknown, repeated or invalid parameter is declined, and the next one considered (§5.1).
 */
export function acceptOffer(
  offers: readonly ExtensionElement[],
  options: DeflateOptions,
): DeflateAcceptance | null {
  for (const offer of offers) {
    if (offer.name !== PERMESSAGE_DEFLATE) continue
    const parameters = readParameters(offer)
    if (typeof parameters === 'string') continue
    const acceptance = accept(parameters, options)
    if (acceptance !== null) return acceptance
  }
  return null
}

/** An accepted offer: what holds from now on, and the element that says so in the response. */
export interface DeflateAcceptance {
  readonly agreement: DeflateAgreement
  readonly response: ExtensionElement
}

function accept(offer: Parameters, options: DeflateOptions): DeflateAcceptance | null {
  // RFC 7692 §7.1.2.2: only a client that named client_max_window_bits may be told a smaller window. A limit we need
  // cannot be had from any other.
  const canLimitClient = offer.clientMaxWindowBits !== undefined
  if (!canLimitClient && options.clientMaxWindowBits < MAX_WINDOW_BITS) return null

  const agreement: DeflateAgreement = {
    serverContextTakeover: options.serverContextTakeover && offer.serverNoContextTakeover === undefined,
    clientContextTakeover: options.clientContextTakeover && offer.clientNoContextTakeover === undefined,
    serverMaxWindowBits: Math.min(options.serverMaxWindowBits, offer.serverMaxWindowBits ?? MAX_WINDOW_BITS),
    clientMaxWindowBits: Math.min(options.clientMaxWindowBits, offer.clientMaxWindowBits ?? MAX_WINDOW_BITS),
  }
  const parameters: [string, string | null][] = []
  if (!agreement.serverContextTakeover) parameters.push([SERVER_NO_CONTEXT_TAKEOVER, null])
  if (!agreement.clientContextTakeover) parameters.push([CLIENT_NO_CONTEXT_TAKEOVER, null])
  // RFC 7692 §7.1.2.1: an offer with the parameter is accepted by repeating it, equal or smaller.
  if (agreement.serverMaxWindowBits < MAX_WINDOW_BITS || offer.serverMaxWindowBits !== undefined) {
    parameters.push([SERVER_MAX_WINDOW_BITS, String(agreement.serverMaxWindowBits)])
  }
  if (canLimitClient && agreement.clientMaxWindowBits < MAX_WINDOW_BITS) {
    parameters.push([CLIENT_MAX_WINDOW_BITS, String(agreement.clientMaxWindowBits)])
  }
  return { agreement, response: { name: PERMESSAGE_DEFLATE, parameters } }
}

/** As a client: the offer that says what we are ready to agree to. */
export function makeOffer(options: DeflateOptions): ExtensionElement {
  const parameters: [string, string | null][] = []
  if (!options.serverContextTakeover) parameters.push([SERVER_NO_CONTEXT_TAKEOVER, null])
  if (!options.clientContextTakeover) parameters.push([CLIENT_NO_CONTEXT_TAKEOVER, null])
  if (options.serverMaxWindowBits < MAX_WINDOW_BITS) {
    parameters.push([SERVER_MAX_WINDOW_BITS, String(options.serverMaxWindowBits)])
  }
  const clientBits = options.clientMaxWindowBits
  // Named even without a value, because that is what allows the server to choose a smaller window.
  parameters.push([CLIENT_MAX_WINDOW_BITS, clientBits < MAX_WINDOW_BITS ? String(clientBits) : null])
  return { name: PERMESSAGE_DEFLATE, parameters }
}

/**
 * As a client: what the server's response to `makeOffer(options)` binds both to, or in a sentence why it must be refused.
 * RFC 7692 §5.1, §7.1.
 */
export function readAgreement(
  response: ExtensionElement,
  options: DeflateOptions,
): DeflateAgreement | string {
  const parameters = readParameters(response)
  if (typeof parameters === 'string') return parameters
  if (!options.serverContextTakeover && parameters.serverNoContextTakeover === undefined) {
    return `parameter ${SERVER_NO_CONTEXT_TAKEOVER} was offered and is missing`
  }
  const serverBits = parameters.serverMaxWindowBits ?? MAX_WINDOW_BITS
  if (serverBits > options.serverMaxWindowBits) {
    return `parameter ${SERVER_MAX_WINDOW_BITS} must be at most ${options.serverMaxWindowBits}, as offered`
  }
  // RFC 7692 §7.1.2.2: without a value the parameter means something in an offer only.
  if (parameters.clientMaxWindowBits === null) return `parameter ${CLIENT_MAX_WINDOW_BITS} must have a value`
  const clientBits = parameters.clientMaxWindowBits ?? options.clientMaxWindowBits
  if (clientBits > options.clientMaxWindowBits) {
    return `parameter ${CLIENT_MAX_WINDOW_BITS} must be at most ${options.clientMaxWindowBits}, as offered`
  }
  return {
    serverContextTakeover: parameters.serverNoContextTakeover === undefined,
    clientContextTakeover: options.clientContextTakeover && parameters.clientNoContextTakeover === undefined,
    serverMaxWindowBits: serverBits,
    clientMaxWindowBits: clientBits,
  }
}
