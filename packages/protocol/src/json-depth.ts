/** JSON that comes from a client has at most so many arrays and objects within each other. [P3.12] */
export const MAX_JSON_DEPTH = 128

const codeOf = (character: string): number => character.charCodeAt(0)
const [QUOTE, BACKSLASH] = [codeOf('"'), codeOf('\\')]
const [ARRAY, ARRAY_END, OBJECT, OBJECT_END] = [codeOf('['), codeOf(']'), codeOf('{'), codeOf('}')]

/**
 * Whether JSON is nested too deep. It is asked before the text is parsed: what a parser can still read, other platforms and whoever writes
 * it again may not. What is no JSON may be judged either way, and fails anyway.
 */
export function isTooDeep(text: string): boolean {
  // Each level takes two characters, so what is short need not be looked at.
  if (text.length <= 2 * MAX_JSON_DEPTH) return false
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = endOfString(text, at)
    else if (code === ARRAY || code === OBJECT) {
      if (++depth > MAX_JSON_DEPTH) return true
    } else if (code === ARRAY_END || code === OBJECT_END) depth--
  }
  return false
}

/** The same of a value that was parsed. */
export const isTooDeepValue = (value: unknown, levels = MAX_JSON_DEPTH): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some((one) => isTooDeepValue(one, levels - 1)))

/** Where the string that begins here ends. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let before = end - 1
    while (text.charCodeAt(before) === BACKSLASH) before--
    if ((end - before) % 2 === 1) return end
  }
  return text.length
}
