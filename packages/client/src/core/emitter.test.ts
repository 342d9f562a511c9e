import { describe, expect, it } from 'vitest'
import { Emitter } from './emitter.js'

interface Events {
  said: [word: string, times: number]
  done: []
}

function emitter() {
  const errors: unknown[] = []
  return { errors, emitter: new Emitter<Events>((error) => errors.push(error)) }
}

describe('the emitter', () => {
  it('calls the listeners of an event in the order they came, and says whether there were any', () => {
    const { emitter: one } = emitter()
    const heard: string[] = []
    one.on('said', (word, times) => heard.push(`a ${word} ${times}`))
    one.on('said', (word) => heard.push(`b ${word}`))
    expect(one.emit('said', 'hi', 2)).toBe(true)
    expect(one.emit('done')).toBe(false)
    expect(heard).toEqual(['a hi 2', 'b hi'])
  })

  it('takes one function twice as two listeners, each removed by its own function', () => {
    const { emitter: one } = emitter()
    let calls = 0
    const listener = () => {
      calls++
    }
    const off = one.on('done', listener)
    one.on('done', listener)
    one.emit('done')
    off()
    off()
    one.emit('done')
    expect(calls).toBe(3)
  })

  it('does not call what a listener removed, nor what it added', () => {
    const { emitter: one } = emitter()
    const heard: string[] = []
    one.on('done', () => {
      heard.push('first')
      offSecond()
      one.on('done', () => heard.push('third'))
    })
    const offSecond = one.on('done', () => heard.push('second'))
    one.emit('done')
    expect(heard).toEqual(['first'])
  })

  it('goes on when a listener throws, and tells the error', () => {
    const { emitter: one, errors } = emitter()
    const heard: string[] = []
    one.on('done', () => {
      throw new Error('broken')
    })
    one.on('done', () => heard.push('second'))
    expect(one.emit('done')).toBe(true)
    expect(heard).toEqual(['second'])
    expect(errors).toEqual([new Error('broken')])
  })

  it('removes a listener when its signal aborts, and keeps nothing of it', () => {
    const { emitter: one } = emitter()
    const controller = new AbortController()
    let gone = 0
    one.on('done', () => {}, { signal: controller.signal, gone: () => gone++ })
    expect(one.idle).toBe(false)
    controller.abort()
    expect(one.emit('done')).toBe(false)
    expect(one.idle).toBe(true)
    expect(gone).toBe(1)
  })

  it('never adds a listener whose signal has aborted', () => {
    const { emitter: one } = emitter()
    let gone = 0
    const off = one.on('done', () => {}, { signal: AbortSignal.abort(), gone: () => gone++ })
    expect(one.emit('done')).toBe(false)
    off()
    expect(gone).toBe(1)
  })

  it('lets go of a signal when its listener is removed', () => {
    const { emitter: one } = emitter()
    const listeners = new Set<() => void>()
    const signal = {
      aborted: false,
      addEventListener: (_: 'abort', listener: () => void) => void listeners.add(listener),
      removeEventListener: (_: 'abort', listener: () => void) => void listeners.delete(listener),
    }
    const off = one.on('done', () => {}, { signal })
    expect(listeners.size).toBe(1)
    off()
    expect(listeners.size).toBe(0)
  })
})
