import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createApiKey } from '../node/api-key.js'
import { type ApiKey, type ApiKeys, KeyRing } from './api-keys.js'

const digest = (text: string): string => createHash('sha256').update(text).digest('hex')

function ring(keys: ApiKeys) {
  const time = { now: 1_000_000 }
  return { time, keys: new KeyRing({ keys, digest, now: () => time.now }) }
}

describe('[H12.1] keys', () => {
  it('are known by their secrets, of which only hashes are kept', async () => {
    const { key, entry } = createApiKey({ id: 'billing', scopes: ['publish'] })
    expect(key).toMatch(/^mk_billing_[\w-]{43}$/)
    expect(JSON.stringify(entry)).not.toContain(key.slice('mk_billing_'.length))
    const { keys } = ring([createApiKey({ scopes: ['*'] }).entry, entry])
    expect(await keys.find(key)).toBe(entry)
  })

  it.each([
    ['nothing', () => undefined],
    ['another text', () => 'Bearer'],
    [
      'a secret that is wrong at its end',
      (key: string) => key.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')),
    ],
    ['a name that is not known', (key: string) => key.replace('mk_a_', 'mk_b_')],
    ['the hash', (_: string, { hash }: ApiKey) => `mk_a_${hash.slice(0, 43)}`],
    ['more than the key', (key: string) => `${key}A`],
  ])('are not found by %s', async (_, made) => {
    const { key, entry } = createApiKey({ id: 'a', scopes: ['*'] })
    expect(await ring([entry]).keys.find(made(key, entry))).toBeUndefined()
  })

  it('end when they say so', async () => {
    const { key, entry } = createApiKey({ scopes: ['*'], expires: 1_000_500 })
    const { keys, time } = ring([entry])
    expect(await keys.find(key)).toBe(entry)
    time.now = 1_000_500
    expect(await keys.find(key)).toBeUndefined()
  })

  it('may be two of one name, while one takes the place of the other', async () => {
    const [old, fresh] = [
      createApiKey({ id: 'a', scopes: ['read'] }),
      createApiKey({ id: 'a', scopes: ['*'] }),
    ]
    const { keys } = ring([old.entry, fresh.entry])
    expect(await keys.find(old.key)).toBe(old.entry)
    expect(await keys.find(fresh.key)).toBe(fresh.entry)
  })

  it('come and go while the server runs, where they are asked for', async () => {
    const [one, other] = [
      createApiKey({ id: 'one', scopes: ['*'] }),
      createApiKey({ id: 'other', scopes: ['*'] }),
    ]
    let [list, asked] = [[one.entry], 0]
    const { keys, time } = ring(async () => {
      asked++
      return list
    })
    expect(await keys.find(one.key)).toBe(one.entry)
    list = [other.entry]
    // One that is not known is asked for, but not by every request.
    expect(await keys.find(other.key)).toBeUndefined()
    time.now += 1_000
    expect(await keys.find(other.key)).toBe(other.entry)
    expect(await keys.find(one.key)).toBeUndefined()
    expect(asked).toBe(2)
    list = []
    time.now += 9_999
    expect(await keys.find(other.key)).toBe(other.entry)
    time.now += 1
    expect(await keys.find(other.key)).toBeUndefined()
  })

  it.each([
    [{ id: 'a b' }, "admin.keys[1].id must be 1 to 32 letters and digits, not 'a b'"],
    [
      { hash: 'mk_a_secret' },
      "admin.keys[1].hash must be 'sha256:' and 64 hexadecimal digits, as createApiKey() makes it",
    ],
    [
      { scopes: [] },
      'admin.keys[1].scopes must be a list of publish, read, people, call, tickets, stats, *, not []',
    ],
    [
      { scopes: ['write'] },
      'admin.keys[1].scopes must be a list of publish, read, people, call, tickets, stats, *, not ["write"]',
    ],
    [{ channels: 'chat:*' }, 'admin.keys[1].channels must be a list of names, not "chat:*"'],
    [{ expires: 'tomorrow' }, 'admin.keys[1].expires must be milliseconds since 1970, not tomorrow'],
  ])('that make no sense are refused at the start: %j', (wrong, message) => {
    const { entry } = createApiKey({ scopes: ['*'] })
    expect(() => ring([entry, { ...entry, ...(wrong as Partial<ApiKey>) }])).toThrow(new TypeError(message))
  })
})
