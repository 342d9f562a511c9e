import { fileURLToPath } from 'node:url'
import { pages } from '@millrace/ui/build'

const at = (path) => fileURLToPath(new URL(path, import.meta.url))

export default pages({
  root: at('pages'),
  base: '/support/',
  outDir: at('dist/web'),
  pages: { shop: at('pages/index.html'), desk: at('pages/desk/index.html') },
})
