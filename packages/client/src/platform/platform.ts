import type { Platform } from '../core/index.js'

/** What browsers, workers and other runtimes have of these globals differs; none of them is taken for granted. */
export interface Runtime extends Partial<Target> {
  readonly navigator?: { readonly onLine?: boolean }
  readonly document?: Partial<Target> & { readonly visibilityState?: string }
  readonly reportError?: (error: unknown) => void
}
type Target = Pick<EventTarget, 'addEventListener'>

/** The runtime's network and page events. */
export const platformOf = (runtime: Runtime): Platform => ({
  online: () => runtime.navigator?.onLine !== false,
  aborter: () => new AbortController(),
  report(error) {
    // A page's error handlers hear of it; in Deno and Bun the same function ends the process.
    const { document, reportError } = runtime
    if (document !== undefined && reportError !== undefined) reportError(error)
    else console.error(error)
  },
  watch(tell) {
    const { document } = runtime
    const stop = new AbortController()
    const on = (target: Partial<Target> | undefined, type: string, hear: (event: Event) => void) =>
      target?.addEventListener?.(type, hear, { signal: stop.signal })
    on(runtime, 'online', () => tell('online'))
    on(runtime, 'offline', () => tell('offline'))
    on(runtime, 'pageshow', () => tell('wake'))
    on(document, 'resume', () => tell('wake'))
    on(document, 'visibilitychange', () => {
      if (document?.visibilityState === 'visible') tell('wake')
    })
    on(runtime, 'pagehide', (event) => {
      // Only a page that goes into the back-forward cache lives on; another one's socket is closed by the browser.
      if ((event as PageTransitionEvent).persisted) tell('suspend')
    })
    return () => stop.abort()
  },
})
