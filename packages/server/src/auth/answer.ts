/** What a backend answers, read field by field: what cannot be read must not come to allow anything. */
import { type PostAnswer, Unreadable } from '../backend/index.js'

export type Fields = Readonly<Record<string, unknown>>

/** Longest message that is passed on to a client. */
const LONGEST_MESSAGE = 500

/** The JSON object that an answer is. Throws Unreadable. */
export function objectOf({ status, text = '' }: PostAnswer): Fields {
  if (status !== 200)
    throw new Unreadable(status < 400 && status >= 300 ? redirect(status) : `status ${status}`)
  const value = parsed(text)
  if (isObject(value)) return value
  // What JSON.parse complains of would quote the answer.
  throw new Unreadable('an answer that is no JSON object')
}

const redirect = (status: number): string =>
  `status ${status}: redirects are not followed, so give the url itself`

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A field that is misspelt would else be as if it were not there. */
export function onlyThese(fields: Fields, known: readonly string[]): void {
  const other = Object.keys(fields).find((name) => !known.includes(name))
  if (other !== undefined)
    throw new Unreadable(`an answer with '${other}', which is none of ${known.join(', ')}`)
}

/** A text, where there is one; null is as if it were not there. */
export function textIn(fields: Fields, name: string): string | undefined {
  const { [name]: value } = fields
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string') return value
  throw new Unreadable(`an answer whose ${name} is no text`)
}

export const messageIn = (fields: Fields): string | undefined =>
  textIn(fields, 'message')?.slice(0, LONGEST_MESSAGE)

/** A number that is not below 0, where there is one; null is as if it were not there. */
export function numberIn(fields: Fields, name: string): number | undefined {
  const { [name]: value } = fields
  if (value === undefined || value === null) return undefined
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value
  throw new Unreadable(`an answer whose ${name} is no number of seconds`)
}
