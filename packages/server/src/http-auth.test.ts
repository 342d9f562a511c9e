import { afterEach, describe, expect, it, vi } from 'vitest'
import { SECRET } from '../test/fake-backend.js'
import { type HttpAuthOptions, httpAuth, httpAuthorize } from './http-auth.entry.js'

const request = (token: string) => ({ token, headers: {}, remoteAddress: '192.0.2.1' })
const access = {
  user: { id: 'ada' },
  session: 's',
  channel: 'chat:a',
  params: {},
  action: 'publish',
} as const

/** Options for a backend that answers so without a network, and what it is sent. */
function options(url: string, answer: unknown) {
  const sent: [string, RequestInit][] = []
  const fetch: HttpAuthOptions['fetch'] = async (to, init) => {
    sent.push([to, init])
    return Response.json(answer)
  }
  const warn = vi.fn()
  const logger = { debug: vi.fn(), info: vi.fn(), warn, error: vi.fn() }
  return { options: { url, secret: SECRET, fetch, logger }, sent, warn }
}

afterEach(() => vi.restoreAllMocks())

describe('httpAuth() and httpAuthorize()', () => {
  it('ask by a fetch that is given', async () => {
    const auth = options('https://backend.example/auth', { user: { id: 'ada' } })
    expect(await httpAuth(auth.options)(request('t'))).toMatchObject({ user: { id: 'ada' } })
    const hook = options('https://backend.example/authorize', { allow: true })
    expect(await httpAuthorize(hook.options)(access)).toBe(true)
    for (const { sent, warn } of [auth, hook]) {
      expect(sent).toHaveLength(1)
      expect(sent[0]?.[1]).toMatchObject({
        ...{ method: 'POST', redirect: 'manual' },
        headers: {
          'webhook-id': expect.stringMatching(/^msg_[\w-]{22}$/),
          'webhook-signature': expect.stringMatching(/^v1,[\w+/]{43}=$/),
          'user-agent': expect.stringMatching(/^millrace\/\d/),
        },
      })
      expect(warn).not.toHaveBeenCalled()
    }
  })

  it('warn once of a backend that is asked over plain HTTP, unless it is on this machine', async () => {
    const makers: readonly ((given: HttpAuthOptions) => unknown)[] = [httpAuth, httpAuthorize]
    for (const make of makers) {
      const far = options('http://backend.example:8080/auth?key=hidden', {})
      const asks = make(far.options) as (asked: unknown) => Promise<unknown>
      for (const token of ['a', 'b']) await asks({ ...request(token), ...access }).catch(() => {})
      const plain = far.warn.mock.calls.filter(([message]) => String(message).includes('plain HTTP'))
      expect(plain).toEqual([[expect.stringContaining('use https:'), { host: 'backend.example:8080' }]])
      const near = options('http://127.0.0.1:8080/auth', {})
      make(near.options)
      expect(near.warn).not.toHaveBeenCalled()
    }
  })

  it('log to standard error by default', () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {})
    httpAuth({ url: 'http://backend.example', secret: SECRET })
    expect(error).toHaveBeenCalledWith(expect.stringMatching(/^millrace warn: httpAuth\(\): .*plain HTTP/), {
      host: 'backend.example',
    })
  })

  it('say which of them is given wrong options, without what is secret', () => {
    expect(() => httpAuth({ url: 'backend.example', secret: SECRET })).toThrow('httpAuth(): url must be')
    const wrong = { url: 'https://backend.example', secret: 'hidden' }
    expect(() => httpAuthorize(wrong)).toThrow("httpAuthorize(): secret must be 'whsec_'")
    expect(() => httpAuthorize(wrong)).not.toThrow('hidden')
  })
})
