import type { RefObject } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { pageVisible } from './visible.js'

/** Within this many pixels of the end somebody counts as reading there. */
const NEAR = 48

export interface Stick {
  readonly log: RefObject<HTMLDivElement | null>
  /** How many messages came while reading further up. */
  readonly below: number
  readonly onScroll: () => void
  readonly jump: () => void
}

/**
 * Keeps a log at its end while its reader is there, and leaves it alone while the reader is further up. Calls `onSeen`
 * when the newest message is in view on a visible page.
 */
export function useStickToEnd(length: number, typing: string | undefined, onSeen: () => void): Stick {
  const log = useRef<HTMLDivElement>(null)
  const atEnd = useRef(true)
  const before = useRef({ length, height: 0 })
  const [below, setBelow] = useState(0)
  const visible = pageVisible.value

  useLayoutEffect(() => {
    const element = log.current
    if (element === null) return
    const came = length - before.current.length
    before.current = { length, height: element.scrollHeight }
    if (atEnd.current) element.scrollTop = element.scrollHeight
    else if (came > 0) setBelow((count) => count + came)
  }, [length, typing])

  useEffect(() => {
    if (visible && atEnd.current) onSeen()
  })

  // A log that changes its size, as on a turned phone or with a growing composer, keeps its end in view.
  useEffect(() => {
    const element = log.current
    if (element === null) return
    const observer = new ResizeObserver(() => {
      if (atEnd.current) element.scrollTop = element.scrollHeight
    })
    observer.observe(element)
    return () => observer.disconnect()
  }, [])

  const onScroll = (): void => {
    const element = log.current
    if (element === null) return
    atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR
    if (!atEnd.current) return
    if (below > 0) setBelow(0)
    if (visible) onSeen()
  }
  const jump = (): void => {
    atEnd.current = true
    setBelow(0)
    log.current?.scrollTo({ top: log.current.scrollHeight })
    log.current?.focus()
  }
  return { log, below, onScroll, jump }
}
