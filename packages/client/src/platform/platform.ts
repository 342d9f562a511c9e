import type { Platform, PlatformEvent } from '../core/index.js'

/** What browsers, workers and other runtimes have of these globals differs; none of them is taken for granted. */
interface Runtime {
  readonly navigator?: { readonly onLine?: boolean }
  readonly document?: EventTarget & { readonly visibilityState?: string }
  readonly addEventListener?: EventTarget['addEventListener']
  readonly reportError?: (error: unknown) => void
}

/** The runtime's network and page events. */
export function platformOf(runtime: Runtime): Platform {
  return {
    online: () => runtime.navigator?.onLine !== false,
    aborter() {
      const controller = new AbortController()
      return { signal: controller.signal, abort: () => controller.abort() }
    },
    report: (error) => (runtime.reportError ?? console.error)(error),
    watch(listener) {
      const { document } = runtime
      const stop = new AbortController()
      const on = (target: Partial<EventTarget> | undefined, type: string, hear: (event: Event) => void) =>
        target?.addEventListener?.(type, hear, { signal: stop.signal })
      const tell = (event: PlatformEvent) => () => listener(event)
      const window = runtime as Partial<EventTarget>
      on(window, 'online', tell('online'))
      on(window, 'offline', tell('offline'))
      on(window, 'pageshow', tell('wake'))
      on(document, 'resume', tell('wake'))
      on(document, 'visibilitychange', () => {
        if (document?.visibilityState === 'visible') listener('wake')
      })
      on(window, 'pagehide', (event) => {
        // Only a page that goes into the back-forward cache lives on; another one's socket is closed by the browser.
        if ((event as PageTransitionEvent).persisted) listener('suspend')
      })
      return () => stop.abort()
    },
  }
}
