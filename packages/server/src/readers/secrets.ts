/** Parameters in which a token would be written down by every proxy and log on the way. RFC 6750 §5.3. */
const SECRETS: readonly string[] = ['token', 'access_token', 'authorization']

/** The parameter that may hold a ticket, which is worth nothing once it was used, nor for long before. [P1.14] */
export const TICKET = 'ticket'

/** Whether a parameter of a URL is meant to hold a token: that is refused, whatever it holds. */
export const isSecret = (name: string): boolean => SECRETS.includes(name.toLowerCase())
