import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { millrace } from '../test/terminal.js'

const folder = mkdtempSync(join(tmpdir(), 'millrace-cli-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('the program', () => {
  test.each([[['--help']], [['-h']]])('%s is help', async (args) => {
    const { code, out, err } = await millrace(args)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(/^Usage: millrace COMMAND/)
    expect(out).toContain('api       prints')
  })

  test('--version is that of the package', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
    expect(await millrace(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' })
  })

  test.each([
    [[], 'millrace: which command?'],
    [['--nonsense'], "millrace: there is no command '--nonsense', only: api"],
    [['apy', 'x.js'], "millrace: there is no command 'apy'"],
    [['api'], 'millrace api: which file?'],
    [['api', 'several.ts', 'none.ts'], 'millrace api: one file at a time, not also none.ts'],
    [['api', 'several.ts', '--nonsense'], "millrace api: Unknown option '--nonsense'"],
    [['api', 'several.ts', '--export'], "millrace api: Option '--export <value>' argument missing"],
    [['api', 'several.ts', '--format', 'xml'], "millrace api: --format must be yaml or json, not 'xml'"],
    [
      ['api', 'several.ts', '--json', '--format', 'yaml'],
      'millrace api: --json and --format yaml contradict each other',
    ],
    [
      ['api', 'several.ts', '--server', 'https://x'],
      "millrace api: --server: 'https://x' must begin with ws:// or wss://",
    ],
  ])('%j is a mistake on the command line', async (args, message) => {
    const { code, out, err } = await millrace(args)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err.startsWith(message)).toBe(true)
    expect(err).toMatch(/More is said by: millrace( api)? --help\n$/)
  })
})

describe('millrace api', () => {
  test('--help is help', async () => {
    const { code, out, err } = await millrace(['api', '--help'])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(/^Usage: millrace api FILE/)
  })

  test('prints YAML, and the same as JSON', async () => {
    const args = [
      'api',
      'everything.ts',
      '--title',
      'Chat',
      '--version',
      '2.0.0',
      '--server',
      'wss://chat.example',
    ]
    const yaml = await millrace(args)
    expect(yaml.code).toBe(0)
    expect(yaml.out).toMatch(/^asyncapi: 3\.0\.0\ninfo:\n {2}title: Chat\n {2}version: 2\.0\.0\n/)
    const json = await millrace([...args, '--json'])
    expect(JSON.parse(json.out)).toEqual(parse(yaml.out))
    expect(await millrace([...args, '--format', 'json'])).toEqual(json)
    // Anchors and aliases are right, and read by few.
    expect(yaml.out).not.toMatch(/[&*]a\d/)
    // Read again as YAML 1.1 reads it, which takes more words for something else.
    expect(parse(yaml.out, { version: '1.1' })).toEqual(JSON.parse(json.out))
  })

  test('has title and version of the package', async () => {
    const { info } = JSON.parse((await millrace(['api', 'everything.ts', '--json'])).out)
    expect(info).toMatchObject({ title: '@millrace/cli', version: '0.1.0' })
  })

  test('writes a file, in the format that its name says', async () => {
    for (const [name, read] of [
      ['api.json', (text: string) => JSON.parse(text)],
      ['api.yaml', (text: string) => parse(text)],
    ] as const) {
      const path = join(folder, name)
      const { code, out, err } = await millrace(['api', 'several.ts', '--export', 'news', '--out', path])
      expect({ code, out, err }).toEqual({ code: 0, out: '', err: `${path} is written\n` })
      expect(read(readFileSync(path, 'utf8'))).toMatchObject({ channels: { newsTopic: {} } })
    }
    const { code, err } = await millrace([
      'api',
      'several.ts',
      '--export',
      'news',
      '--out',
      join(folder, 'no/such'),
    ])
    expect(code).toBe(1)
    expect(err).toMatch(/^millrace api: \S+ cannot be written: ENOENT/)
  })

  test.each([
    ['with-valibot.ts', 'the default export', 'filesUser'],
    ['everything.ts', 'the export called api', 'chatRoom'],
    ['with-arktype.ts', 'the only one that is an api', 'filesUser'],
  ])('of %s it takes %s', async (file, _, channel) => {
    const { code, out } = await millrace(['api', file, '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(out).channels).toHaveProperty(channel)
  })

  test('prefers the default export, then api, to others', async () => {
    const of = (namespace: string) =>
      `{ channels: { '${namespace}:all': {} }, calls: {}, codecOf: () => undefined }`
    const others = `export const other = ${of('other')}\nexport const api = ${of('api')}\n`
    for (const [text, expected] of [
      [`${others}export default ${of('default')}`, 'defaultAll'],
      [others, 'apiAll'],
    ] as const) {
      const path = join(folder, `${expected}.mjs`)
      writeFileSync(path, text)
      const { out } = await millrace(['api', path, '--json'])
      expect(Object.keys(JSON.parse(out).channels)).toEqual([expected])
    }
  })

  test.each([
    [['missing.ts'], /^millrace api: there is no file \S+missing\.ts\n$/],
    [['.'], /^millrace api: \S+ is no file: name the module that exports the api/],
    [['none.ts'], /^millrace api: none\.ts exports no api: .* It exports: port\n$/],
    [
      ['several.ts'],
      /^millrace api: several\.ts exports several apis: choose with --export, of chat, news\n$/,
    ],
    [['several.ts', '--export', 'chit'], /does not export 'chit'; it exports: chat, news, port\n$/],
    [['several.ts', '--export', 'port'], /'port' is no api: export what defineApi/],
    [
      ['throwing.ts'],
      /^millrace api: throwing\.ts failed while it was loaded: .*Channel pattern 'chat' must be/,
    ],
  ])('%j is a failure that says why', async (args, message) => {
    const { code, out, err } = await millrace(['api', ...args])
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toMatch(message)
  })

  test('warns of what it leaves open, and fails with --strict', async () => {
    const at =
      "calls['device.command'].request.value, as it is received: JSON Schema has no word for zod's 'transform'"
    const loose = await millrace(['api', 'everything.ts'])
    expect(loose.err).toBe(`warning: ${at}; the document takes any value there\n`)
    const strict = await millrace(['api', 'everything.ts', '--strict', '--out', join(folder, 'strict.yaml')])
    expect(strict).toMatchObject({ code: 1, out: '' })
    expect(strict.err).toMatch(`error: ${at}`)
    expect(strict.err).toMatch(/1 of its places cannot be described, and --strict wants all of them\n$/)
    expect(() => readFileSync(join(folder, 'strict.yaml'))).toThrow('ENOENT')
    expect(await millrace(['api', 'several.ts', '--export', 'news', '--strict'])).toMatchObject({
      code: 0,
      err: '',
    })
  })

  test('finds the converter of zod/mini in the application, and says which one is missing', async () => {
    const { code, out, err } = await millrace(['api', 'with-zod-mini.ts', '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(out).components.schemas.ChatRoomMessage).toMatchObject({
      properties: { text: { type: 'string', minLength: 1 } },
    })
    expect(err).toMatch(
      /^warning: channels\['chat:\{room\}'\]\.message\.at: JSON Schema has no word for zod's 'date'/,
    )

    const file = join(folder, 'api.mjs')
    writeFileSync(
      file,
      `const message = { '~standard': { version: 1, vendor: 'valibot', validate: (value) => ({ value }) } }
       export const api = { channels: { 'a:b': { message } }, calls: {}, codecOf: () => undefined }`,
    )
    expect(await millrace(['api', file])).toEqual({
      code: 1,
      out: '',
      err: 'millrace api: the api has schemas of valibot, which need @valibot/to-json-schema to become JSON Schema: npm install --save-dev @valibot/to-json-schema\n',
    })
  })

  test('prints the support chat’s api, and names what is a type only there', async () => {
    const path = fileURLToPath(new URL('../../../apps/support-chat/src/api.ts', import.meta.url))
    const { code, out, err } = await millrace(['api', path, '--json'])
    expect(code).toBe(0)
    const { channels, operations, components, info } = JSON.parse(out)
    expect(info.title).toBe('@millrace/support-chat')
    expect(Object.keys(channels)).toContain('supportTicket')
    expect(Object.keys(operations)).toContain('callSupportOpen')
    expect(components.schemas.SupportTicketMessage.oneOf).toHaveLength(2)
    expect(err.match(/^warning: .*$/gm)).toHaveLength(5)
    expect(err).toContain(
      "warning: calls['desk.tickets'].response.tickets[]: JSON Schema has no word for zod's 'custom'",
    )
  })
})
