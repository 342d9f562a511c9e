import { signal } from '@preact/signals'

/** Whether the page is in front of somebody: what is behind another tab was not read. */
export const pageVisible = signal(document.visibilityState === 'visible')

document.addEventListener('visibilitychange', () => {
  pageVisible.value = document.visibilityState === 'visible'
})
