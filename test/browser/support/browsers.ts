/** The browsers that are here, each driven in the same way. */
import { tool } from '../../support/tools.js'
import { launchChromium } from './browser.js'
import { Firefox } from './firefox.js'

export interface Page {
  goto(url: string): Promise<unknown>
  evaluate<T>(run: () => T): Promise<T>
}
export interface Browser {
  open(): Promise<Page>
  close(): Promise<unknown>
}

/** Each: its name, where it is, if it is, and how it is started. */
export const BROWSERS: readonly (readonly [
  name: string,
  path: string | undefined,
  launch: (path: string) => Promise<Browser>,
])[] = [
  [
    'Chromium',
    tool.chromium(),
    async (path) => {
      const browser = await launchChromium(path)
      return { open: () => browser.newPage(), close: () => browser.close() }
    },
  ],
  ['Firefox', tool.firefox(), (path) => Firefox.launch(path)],
]
