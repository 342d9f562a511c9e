import { fileURLToPath } from 'node:url'
import { pages } from '@millrace/ui/build'

const at = (path) => fileURLToPath(new URL(path, import.meta.url))

export default pages({
  root: at('pages'),
  base: '/',
  outDir: at('dist/web'),
  pages: { home: at('pages/index.html') },
})
