import {
  type ChannelPattern,
  checkChannelName,
  MAX_CHANNEL_NAME,
  MillraceError,
  matchPattern,
  parsePattern,
} from '@millrace/protocol'
import { utf8 } from '../bytes.js'
import type { Random } from '../random.js'
import { hold, type Target } from '../target.js'

const NAMES = [
  'chat:lobby',
  'a:b',
  'game:1:team:2',
  'chat:',
  ':x',
  'chat',
  'Chat:x',
  'chat:%20',
  'chat:a b',
  'chat:{x}',
  'chat:é',
  `${'n'.repeat(65)}:x`,
  `a:${'x'.repeat(300)}`,
]
const PATTERNS = [
  'chat:{room}',
  'game:{id}:team:{team}',
  'a:x{y}z',
  'a:{x}-{y}',
  'a:{x}{y}',
  'a:{x}:{x}',
  '{a}:x',
  'a:{1}',
  'a:{}',
  'chat:lobby',
  'a:{x}aa{y}a',
]

/** [P2.1] in one expression, beside the parser's steps. */
const LEGAL = /^[a-z][a-z0-9_-]{0,63}:[A-Za-z0-9_.~@=+,/:%!$&'();-]+$/

/** Names of channels. */
export const channelNameTarget: Target = {
  name: 'channel-name',
  about: 'names of channels',
  make: (random) => utf8(random.pick(NAMES)),
  run: (input) => {
    const name = Buffer.from(input).toString('utf8')
    const legal = LEGAL.test(name) && name.length <= MAX_CHANNEL_NAME
    try {
      checkChannelName(name)
      hold(legal, `${JSON.stringify(name)} was taken for a channel`)
      return `legal ${name.split(':').length}`
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error
      hold(
        error.kind === 'invalid-channel' && error.field === 'channel',
        `an undocumented error: ${error.kind}`,
      )
      hold(!legal, `${JSON.stringify(name)} was refused: ${error.message}`)
      return error.message.replaceAll(/"(?:[^"\\]|\\.)*"|\d+/g, '#')
    }
  },
}

/** A pattern, a line break, and a name to match with it. */
export const channelPatternTarget: Target = {
  name: 'channel-pattern',
  about: 'patterns of channels, and names matched with them',
  make: (random) =>
    utf8(
      `${somePattern(random)}\n${random.chance(0.5) ? random.pick(NAMES) : somePattern(random).replaceAll(/[{}]/g, '')}`,
    ),
  run: (input) => {
    const [text = '', ...rest] = Buffer.from(input).toString('utf8').split('\n')
    const name = rest.join('\n')
    let pattern: ChannelPattern
    try {
      pattern = parsePattern(text)
    } catch (error) {
      hold(error instanceof TypeError, `threw ${String(error)}`)
      return error.message
        .replace(text, '')
        .replaceAll(/'[^']*'|"[^"]*"|\d+/g, '#')
        .slice(0, 60)
    }
    const params = matchPattern(pattern, name)
    if (name.length < 80 && text.length < 80) compareWithExpression(pattern, name, params)
    if (params === undefined) return `no match ${pattern.params.length}`
    const filled = text.replaceAll(/\{(\w*)\}/g, (_, param: string) => params[param] ?? '')
    hold(filled === name, `${text} with ${JSON.stringify(params)} is ${filled}, not ${name}`)
    return `match ${pattern.params.length} ${pattern.segments.length}`
  },
}

function somePattern(random: Random): string {
  if (random.chance(0.5)) return random.pick(PATTERNS)
  const parts = Array.from({ length: 1 + random.int(4) }, () =>
    random.pick(['a', 'aa', '{x}', '{y}', ':', '-', '{z}', 'ab']),
  )
  return `a:${parts.join('')}`
}

/** The same match by a regular expression, which may try things twice and so sees only short names. */
function compareWithExpression(
  pattern: ChannelPattern,
  name: string,
  params: Readonly<Record<string, string>> | undefined,
): void {
  const escaped = pattern.pattern.split(/(\{\w*\})/).map((part) => {
    const param = /^\{(\w*)\}$/.exec(part)?.[1]
    return param === undefined ? part.replaceAll(/[.*+?^${}()|[\]\\/-]/g, '\\$&') : `(?<${param}>[^:]+?)`
  })
  const found = new RegExp(`^${escaped.join('')}$`, 's').exec(name)
  const expected = found === null ? undefined : { ...found.groups }
  hold(
    JSON.stringify(params ?? null) === JSON.stringify(expected ?? null),
    `${pattern.pattern} on ${name}: ${JSON.stringify(params)}, expected ${JSON.stringify(expected)}`,
  )
}
