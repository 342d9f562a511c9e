import { ErrorReply } from '@redis/client'
import { describe, expect, it } from 'vitest'
import type { Client } from './client.js'
import { Scripts } from './scripts.js'

interface Sent {
  readonly said: string
  resolve(reply: string): void
  reject(error: Error): void
}

/** A connection whose answers come when told to. */
function setUp() {
  const sent: Sent[] = []
  const client = {
    send: ([name, , ...rest]: readonly (string | Buffer)[]) =>
      new Promise((resolve, reject) => {
        sent.push({ said: name === 'SCRIPT' ? 'load' : String(rest.at(-1)), resolve, reject })
      }),
  } as unknown as Client
  const scripts = new Scripts({ run: (task) => task(client) })
  const run = (name: string) => scripts.run('append', ['key'], [name])
  return { sent, run, said: () => sent.map(({ said }) => said) }
}
const missing = () => new ErrorReply('NOSCRIPT No matching script. Please use EVAL.')
const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('[B1] scripts', () => {
  it('are loaded again when Redis has forgotten them, and nothing overtakes what was refused', async () => {
    const { sent, run, said } = setUp()
    const first = [run('a'), run('b')]
    sent[0]?.reject(missing())
    await turn()
    const later = run('c')
    await turn()
    // Nothing before `b` is answered, for it may be refused too.
    expect(said()).toEqual(['a', 'b'])
    sent[1]?.reject(missing())
    await turn()
    expect(new Set(said().slice(2))).toEqual(new Set(['load']))
    const loads = sent.length
    for (const { resolve } of sent.slice(2)) resolve('sha')
    await turn()
    expect(said().slice(loads)).toEqual(['a', 'b', 'c'])
    for (const { said: name, resolve } of sent.slice(loads)) resolve(`${name} done`)
    expect(await Promise.all([...first, later])).toEqual(['a done', 'b done', 'c done'])
  })

  it('fail with what they waited for when they cannot be loaded', async () => {
    const { sent, run } = setUp()
    const refused = run('a')
    sent[0]?.reject(missing())
    await turn()
    for (const { reject } of sent.slice(1)) reject(new Error('gone'))
    await expect(refused).rejects.toMatchObject({ kind: 'unavailable' })
    const next = run('b')
    await turn()
    sent.at(-1)?.resolve('b done')
    expect(await next).toBe('b done')
  })

  it('fail alone for any other reason', async () => {
    const { sent, run } = setUp()
    const [a, b] = [run('a'), run('b')]
    sent[0]?.reject(new Error('no'))
    sent[1]?.resolve('b done')
    await expect(a).rejects.toThrow('no')
    expect(await b).toBe('b done')
  })
})
