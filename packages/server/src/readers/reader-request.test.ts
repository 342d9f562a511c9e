import { describe, expect, it } from 'vitest'
import { type Asked, readEventsRequest, readPageRequest } from './reader-request.js'

const asked = (query: string, headers: Asked['info']['headers'] = {}, channel = 'news:today'): Asked => ({
  channel,
  query: [...new URLSearchParams(query)],
  info: { headers, remoteAddress: '192.0.2.1' },
})

describe('what a reader asks for', () => {
  it('[P9.1] is in the path and the query, and what is not known there is let be', () => {
    const request = readPageRequest(asked('since=e:7&limit=5&wait=2s&_=123', {}, 'news:a%20b%2Fc/d'))
    expect(request).toMatchObject({
      channel: 'news:a b/c/d',
      since: { epoch: 'e', offset: 7 },
      limit: 5,
      wait: 2000,
    })
    expect(readPageRequest(asked('before=9'))).toMatchObject({ before: 9, limit: 100, wait: 0 })
    expect(readEventsRequest(asked('history=3'))).toMatchObject({ history: 3, since: undefined })
  })

  it('[P9.7] begins where the header says, which is later than what the URL says', () => {
    const header = { 'last-event-id': 'e:9' }
    expect(readEventsRequest(asked('since=e:7', header))).toMatchObject({ since: { epoch: 'e', offset: 9 } })
    expect(readEventsRequest(asked('since=e:7', { 'last-event-id': '' })).since?.offset).toBe(7)
  })

  it('[P9.14] waits for 25 seconds at most', () => {
    expect(readPageRequest(asked('since=e:7&wait=500ms')).wait).toBe(500)
    expect(readPageRequest(asked('since=e:7&wait=25s')).wait).toBe(25_000)
    expect(readPageRequest(asked('since=e:7&wait=7d')).wait).toBe(25_000)
  })

  it.each([
    ['Bearer abc.def', 'abc.def'],
    ['bearer  abc ', 'abc'],
    ['Bearer', undefined],
    ['Basic abc', undefined],
    ['', undefined],
  ])('[P9.3] Authorization: %j brings the token %j', (authorization, token) => {
    expect(readPageRequest(asked('', { authorization })).token).toBe(token)
  })

  it.each(['token', 'access_token', 'authorization', 'Access_Token', 'TOKEN'])(
    '[P9.3] %s must not stand in a URL',
    (name) => {
      for (const read of [readEventsRequest, readPageRequest])
        expect(() => read(asked(`limit=1&${name}=secret`))).toThrow(
          expect.objectContaining({
            kind: 'malformed-command',
            field: name,
            message: expect.stringContaining('Bearer'),
          }),
        )
    },
  )

  it('[P1.14] a ticket in the URL is told with what else the request says of itself, but not beside a token', () => {
    for (const read of [readEventsRequest, readPageRequest]) {
      const { info, token } = read(asked('ticket=abc', { cookie: 'a=b', authorization: 'Basic x' }))
      expect([info.ticket, info.headers['cookie'], token]).toEqual(['abc', 'a=b', undefined])
      expect(read(asked('')).info).not.toHaveProperty('ticket')
      expect(read(asked('ticket=')).info.ticket).toBe('')
      expect(() => read(asked('ticket=abc', { authorization: 'Bearer t' }))).toThrow(
        expect.objectContaining({
          kind: 'malformed-command',
          field: 'ticket',
          message: 'ticket: cannot stand beside Authorization; leave one of them out',
        }),
      )
    }
  })

  it('[P9.11] knows who asks for events by name', () => {
    const accepts = (accept: string) => readEventsRequest(asked('', { accept })).isEventSource
    expect(['text/event-stream', 'text/html, Text/Event-Stream;q=0.5'].map(accepts)).toEqual([true, true])
    expect(['*/*', '', 'text/*', 'text/event-streams'].map(accepts)).toEqual([false, false, false, false])
  })

  const POSITION = 'must be a position, epoch:offset, as ids and answers have it'
  it.each([
    ['events', 'since=', 'since', POSITION],
    ['events', 'since=7', 'since', POSITION],
    ['events', 'since=e:x', 'since', POSITION],
    ['events', 'history=-1', 'history', 'must be a whole number of at least 0'],
    ['events', 'history=', 'history', 'must be a whole number of at least 0'],
    ['events', 'history=many', 'history', 'must be a whole number of at least 0'],
    ['events', 'history=1&since=e:1', 'history', 'cannot stand beside since'],
    ['events', 'since=e:1&since=e:2', 'since', 'must stand once'],
    ['publications', 'since=e', 'since', POSITION],
    ['publications', 'before=0', 'before', 'must be a whole number of at least 1'],
    ['publications', 'before=1.5', 'before', 'must be a whole number of at least 1'],
    ['publications', 'before=9&since=e:1', 'before', 'cannot stand beside since'],
    ['publications', 'before=9&wait=1s', 'wait', 'cannot stand beside before'],
    ['publications', 'limit=0', 'limit', 'must be a whole number of at least 1'],
    ['publications', 'limit=99999999999999999', 'limit', 'must be a whole number of at least 1'],
    ['publications', 'limit=0x10', 'limit', 'must be a whole number of at least 1'],
    ['publications', 'wait=20', 'wait', 'must be a duration such as 20s or 500ms'],
    ['publications', 'wait=', 'wait', 'must be a duration such as 20s or 500ms'],
    ['publications', 'wait=-1s', 'wait', 'must be a duration such as 20s or 500ms'],
    ['publications', 'wait=soon', 'wait', 'must be a duration such as 20s or 500ms'],
    ['publications', 'limit=1&limit=1', 'limit', 'must stand once'],
    ['events', 'ticket=a&ticket=a', 'ticket', 'must stand once'],
  ])('[P9.1] %s?%s is refused, naming %s', (view, query, field, why) => {
    const read = view === 'events' ? readEventsRequest : readPageRequest
    expect(() => read(asked(query))).toThrow(
      expect.objectContaining({ kind: 'malformed-command', field, message: `${field}: ${why}` }),
    )
  })

  it('[P9.1] names a header, and a path, that is wrong', () => {
    expect(() => readEventsRequest(asked('', { 'last-event-id': '17' }))).toThrow(
      expect.objectContaining({ field: 'Last-Event-ID' }),
    )
    for (const path of ['news:%', 'news:%f', 'news:%ff'])
      expect(() => readPageRequest(asked('', {}, path))).toThrow(
        expect.objectContaining({ field: 'channel' }),
      )
  })
})
