import { describe, expect, it } from 'vitest'
import { judgeLinks } from './link-judge.js'

const CONNECT = '{"id":1,"connect":{"version":1,"attempt":7}}'
const PONG = '{"id":4294967296,"pong":{}}'

/** What is wrong with a connection on which a client and a node said and heard this. */
function judge(client: [said: string, heard: string], node: [said: string, heard: string]): string[] {
  const end = (what: string[], [said, heard]: [string, string]) => ({
    page: 'ada, page 1',
    said: [...what, ...said],
    heard: [...heard],
  })
  const ofNode = end([], node)
  return judgeLinks({
    ofClients: [end([CONNECT], client)],
    ofNodes: [{ ...ofNode, heard: [CONNECT, ...ofNode.heard] }],
  })
}

describe('what goes over a connection of requests', () => {
  it('is right when each end hears the beginning of what the other said', () => {
    expect(judge(['abc', 'xy'], ['xyz', 'abc'])).toEqual([])
    expect(judge(['abc', ''], ['xyz', ''])).toEqual([])
  })

  it.each([
    ['twice', 'aab', "'a' as number 2, which was said as number 1"],
    ['with something left out', 'ac', "'c' as number 2, which was said as number 3"],
    ['out of order', 'ba', "'b' as number 1, which was said as number 2"],
    ['with what nobody said', 'abcd', "'d' as number 4, which was never said"],
  ])('is wrong when the node hears it %s', (_, heard, where) => {
    expect(judge(['abc', ''], ['', heard])).toEqual([`ada, page 1 "attempt":7: the node heard ${where}`])
  })

  it('is wrong when the client hears something else', () => {
    expect(judge(['', 'yx'], ['xy', ''])).toEqual([
      `ada, page 1 "attempt":7: the client heard 'y' as number 0, which was said as number 1`,
    ])
  })

  it('may have transports’ own pings in it, and connections that never came to anything', () => {
    const node = { page: 'p', said: [PONG, 'x'], heard: [PONG, CONNECT, 'a'] }
    const client = { page: 'p', said: [CONNECT, 'a'], heard: ['x'] }
    const unused = { page: 'p', said: [], heard: [] }
    expect(judgeLinks({ ofClients: [unused, client], ofNodes: [node, unused] })).toEqual([])
  })
})
