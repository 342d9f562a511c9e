import { describe, expect, it, vi } from 'vitest'
import { platformOf } from './platform.js'

/** A page: a window with a document, whose events a test fires. */
function page() {
  const document = Object.assign(new EventTarget(), { visibilityState: 'visible' })
  const window = Object.assign(new EventTarget(), { document, navigator: { onLine: true } })
  const heard: string[] = []
  const unwatch = platformOf(window).watch((event) => heard.push(event))
  const fire = (target: EventTarget, type: string, more = {}) =>
    target.dispatchEvent(Object.assign(new Event(type), more))
  return { window, document, heard, unwatch, fire }
}

describe('the platform', () => {
  it('tells what the network and the page do', () => {
    const { window, document, heard, fire } = page()
    fire(window, 'offline')
    fire(window, 'online')
    document.visibilityState = 'hidden'
    fire(document, 'visibilitychange')
    document.visibilityState = 'visible'
    fire(document, 'visibilitychange')
    fire(document, 'freeze')
    fire(document, 'resume')
    fire(window, 'pageshow')
    expect(heard).toEqual(['offline', 'online', 'wake', 'wake', 'wake'])
  })

  it('tells of a page that is put aside, and not of one that goes for good', () => {
    const { window, heard, fire } = page()
    fire(window, 'pagehide', { persisted: false })
    expect(heard).toEqual([])
    fire(window, 'pagehide', { persisted: true })
    expect(heard).toEqual(['suspend'])
  })

  it('tells nothing any more once it is not watched', () => {
    const { window, document, heard, unwatch, fire } = page()
    unwatch()
    fire(window, 'online')
    fire(document, 'resume')
    expect(heard).toEqual([])
  })

  it('is online unless it says that it is not', () => {
    expect(platformOf({ navigator: { onLine: false } }).online()).toBe(false)
    expect(platformOf({ navigator: { onLine: true } }).online()).toBe(true)
    expect(platformOf({ navigator: {} }).online()).toBe(true)
    expect(platformOf({}).online()).toBe(true)
  })

  it('works where there are no events at all', () => {
    expect(() => platformOf({}).watch(() => {})()).not.toThrow()
  })

  it('reports errors to the page, or on the console where there is none: in Deno and Bun reportError is the end', () => {
    const reportError = vi.fn()
    const error = vi.spyOn(console, 'error').mockReturnValue()
    platformOf({ reportError, document: {} }).report('broken')
    expect(reportError).toHaveBeenCalledWith('broken')
    expect(error).not.toHaveBeenCalled()
    platformOf({ reportError }).report('broken')
    platformOf({ document: {} }).report('broken')
    expect(error).toHaveBeenCalledTimes(2)
    expect(reportError).toHaveBeenCalledTimes(1)
    error.mockRestore()
  })

  it('aborts', () => {
    const aborter = platformOf({}).aborter()
    expect(aborter.signal.aborted).toBe(false)
    aborter.abort()
    expect(aborter.signal.aborted).toBe(true)
  })
})
