/** Names and patterns of channels. What is not valid says in which words the reference implementation refuses it. */
const at255 = `a:${'x'.repeat(253)}`

export const NAME_VECTORS: readonly { readonly name: string; readonly valid: boolean }[] = [
  ...[
    'chat:lobby',
    'a:b',
    'a0_-:x',
    `${'n'.repeat(64)}:x`,
    'game:7:team:red',
    'a::',
    'docs:folder/file.txt',
    'mail:ada%40example.org',
    "x:AZaz09_.~@=+,/:%!$&'();-",
    at255,
  ].map((name) => ({ name, valid: true })),
  ...[
    '',
    ':',
    'lobby',
    'chat:',
    ':lobby',
    'Chat:lobby',
    '1chat:lobby',
    '-chat:lobby',
    'chat.room:lobby',
    `${'n'.repeat(65)}:x`,
    'chat:with space',
    'chat:naïve',
    'chat:😀',
    'chat:a\n',
    'chat:{room}',
    'chat:*',
    'chat:a?b',
    'chat:a#b',
    'chat:a"b',
    `${at255}x`,
  ].map((name) => ({ name, valid: false })),
]

export const PATTERN_VECTORS: readonly { readonly pattern: string; readonly valid: boolean }[] = [
  ...['chat:{room}', 'news:all', 'game:{id}:team:{team}', 'doc:{owner}/{name}', 'doc:v{major}.{minor}-final'].map(
    (pattern) => ({ pattern, valid: true }),
  ),
  ...[
    'chat',
    'chat:',
    '{ns}:x',
    'a{ns}:x',
    'chat:{}',
    'chat:{a-b}',
    'chat:{1}',
    'chat:{a}:{a}',
    'chat:{a}{b}',
    'chat:{a',
    'chat:a}',
    'chat:*',
  ].map((pattern) => ({ pattern, valid: false })),
]

export const MATCH_VECTORS: readonly {
  readonly patterns: readonly string[]
  readonly name: string
  /** The pattern that the name belongs to, or null when there is none. */
  readonly pattern: string | null
  readonly params?: Readonly<Record<string, string>>
}[] = [
  { patterns: ['chat:{room}'], name: 'chat:lobby', pattern: 'chat:{room}', params: { room: 'lobby' } },
  { patterns: ['chat:{room}'], name: 'chat:a:b', pattern: null },
  { patterns: ['chat:{room}'], name: 'chats:lobby', pattern: null },
  {
    patterns: ['game:{id}:team:{team}'],
    name: 'game:7:team:red',
    pattern: 'game:{id}:team:{team}',
    params: { id: '7', team: 'red' },
  },
  { patterns: ['game:{id}:team:{team}'], name: 'game:7:team:', pattern: null },
  {
    patterns: ['doc:{owner}/{name}'],
    name: 'doc:ada/notes/old',
    pattern: 'doc:{owner}/{name}',
    params: { owner: 'ada', name: 'notes/old' },
  },
  {
    patterns: ['news:{topic}', 'news:all'],
    name: 'news:all',
    pattern: 'news:all',
    params: {},
  },
  {
    patterns: ['game:{id}:{part}', 'game:{id}:team', 'game:lobby:{part}'],
    name: 'game:lobby:team',
    pattern: 'game:lobby:{part}',
    params: { part: 'team' },
  },
  {
    patterns: ['a:{p}-{q}', 'a:x{p}'],
    name: 'a:x-y',
    pattern: 'a:x{p}',
    params: { p: '-y' },
  },
]
