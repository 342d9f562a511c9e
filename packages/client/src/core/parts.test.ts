import { jsonDialect } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { connected, publication, subscribed, subscribedAt } from '../../test/world.js'
import { whole } from './parts.js'
import type { Frame } from './ports.js'

const all = (frames: readonly Frame[]) => {
  const parts: Frame[] = []
  return frames.map((frame) => whole(frame, parts))
}
const bytes = (text: string) => new TextEncoder().encode(text)

describe('[P3.11] parts of a frame', () => {
  it('are joined when the last has come, with whole frames between them', () => {
    expect(all(['+{"a":', '[1]', '+1', '.}', '{}', '.x'])).toEqual(['[]', '[1]', '[]', '{"a":1}', '{}', 'x'])
    expect(all([bytes('+ab'), bytes('\nxy'), bytes('.c')])).toEqual([bytes(''), bytes('\nxy'), bytes('abc')])
  })

  it('are asked for on connecting', async () => {
    const w = await connected()
    expect(w.socket.last('connect').body.parts).toBe(true)
  })

  it('are nothing until they are whole, and void with their connection', async () => {
    const { w, heard } = await subscribed()
    const text = jsonDialect.encodeMessage({ id: 0, kind: 'publication', body: publication(11) })
    await w.socket.raw(`+${text.slice(0, 20)}`)
    expect(heard).toEqual([])
    await w.socket.raw(`.${text.slice(20)}`)
    expect(heard).toEqual([11])
    await w.socket.raw('+{"publ')
    await w.socket.drop()
    await w.clock.advance(600)
    await w.socket.accept()
    await w.socket.reply('subscribe', 'subscribed', subscribedAt(11, { recovered: true }))
    await w.socket.raw(`+${text.slice(0, 9)}`)
    await w.socket.raw(`.${text.slice(9).replaceAll('11', '12')}`)
    expect(heard).toEqual([11, 12])
  })
})
