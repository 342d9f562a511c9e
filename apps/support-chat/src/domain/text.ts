/** The longest message, in UTF-16 code units, which is what `maxLength` counts and what JSON carries. */
export const MESSAGE_LIMIT = 4_000
export const NAME_LIMIT = 60

/** What a person typed, as it is sent: line endings made one kind, blank edges gone. HTML stays the text it is. */
export const tidyMessage = (text: string): string => text.replace(/\r\n?/g, '\n').trim()

/** A name on one line, without control characters and the marks that turn the text around it. */
export const tidyName = (name: string): string =>
  name
    .replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()

export type MessageProblem = 'empty' | 'too-long'

/** Why this text cannot be sent, if it cannot. */
export function problemOf(text: string): MessageProblem | undefined {
  const tidy = tidyMessage(text)
  if (tidy === '') return 'empty'
  return tidy.length > MESSAGE_LIMIT ? 'too-long' : undefined
}

/** Up to two letters that stand for a name where there is no picture. */
export function initialsOf(name: string): string {
  const words = name.split(' ').filter((word) => /[\p{L}\p{N}]/u.test(word))
  const picked = words.length > 1 ? [words[0], words.at(-1)] : words
  const letters = picked.map((word) => [...(word ?? '')].find((c) => /[\p{L}\p{N}]/u.test(c)) ?? '')
  return letters.join('').toUpperCase() || '?'
}
