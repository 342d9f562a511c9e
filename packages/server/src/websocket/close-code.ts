/**
 * Close codes with a meaning of their own. RFC 6455 §7.4.1 and the IANA registry it founded.
 * The last three describe a connection to its own application and never travel in a frame.
 */
export const CLOSE_CODE = {
  normal: 1000,
  goingAway: 1001,
  protocolError: 1002,
  unsupportedData: 1003,
  invalidPayload: 1007,
  policyViolation: 1008,
  messageTooBig: 1009,
  extensionRequired: 1010,
  internalError: 1011,
  serviceRestart: 1012,
  tryAgainLater: 1013,
  badGateway: 1014,
  noStatus: 1005,
  abnormal: 1006,
  tlsHandshake: 1015,
} as const

const FIRST_REGISTERED = 1000
const LAST_REGISTERED = 1014
/** 1004 is reserved without a meaning; 1005 and 1006 must not be set in a frame. */
const UNUSABLE = [1004, CLOSE_CODE.noStatus, CLOSE_CODE.abnormal]
/** RFC 6455 §7.4.2: 3000–3999 are for libraries and frameworks, 4000–4999 for applications. */
const FIRST_PRIVATE = 3000
const LAST_PRIVATE = 4999

/** Whether a code may stand in a Close frame, whichever side wrote it. RFC 6455 §7.4. */
export function isWireCloseCode(code: number): boolean {
  if (!Number.isInteger(code)) return false
  if (code >= FIRST_PRIVATE) return code <= LAST_PRIVATE
  return code >= FIRST_REGISTERED && code <= LAST_REGISTERED && !UNUSABLE.includes(code)
}
