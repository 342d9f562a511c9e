import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join, relative, sep } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, gzip } from 'node:zlib'
import { DATA_HEADERS, PAGE_HEADERS } from './headers.js'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
}

/** Below this many bytes compression gains nothing worth a header. */
const WORTH_COMPRESSING = 1_024

type Encoding = 'br' | 'gzip'
const COMPRESSORS = { br: promisify(brotliCompress), gzip: promisify(gzip) } as const

interface StaticFile {
  readonly body: Buffer
  readonly type: string
  readonly etag: string
  readonly cache: string
  readonly compressed: Map<Encoding, Promise<Buffer>>
}

export interface StaticOptions {
  /** The folder whose files are served: read once, at start. */
  readonly folder: string
  /** The path they are served under, with a slash at both ends. */
  readonly base: string
  /** Names the page for a path that is no file: a page that finds its way by itself, say. */
  readonly pageFor?: (path: string) => string | undefined
}

/** Answers the request if it is for one of its files. Gives false, having done nothing, when it is not. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => boolean

/**
 * Serves the files of a bundle. The folder is read once and only what was found is ever served, so a path can lead
 * nowhere else, whatever it is made of. Files under `assets/` have hashed names and are cached for good; everything
 * else is asked for again each time, and answered 304 when it has not changed.
 */
export function staticFiles({ folder, base, pageFor }: StaticOptions): Handler {
  const files = new Map(read(folder).map(({ path, file }) => [base + path, file]))
  return (request, response) => {
    const path = (request.url ?? '').split('?', 1)[0] ?? ''
    const page = pageFor?.(path)
    const file =
      files.get(path) ??
      files.get(`${path}index.html`) ??
      (page === undefined ? undefined : files.get(base + page))
    if (file === undefined) return redirectToFolder(files, path, response)
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { ...DATA_HEADERS, allow: 'GET, HEAD', 'content-type': 'text/plain' })
      response.end('GET and HEAD only\n')
      return true
    }
    void send(file, request, response)
    return true
  }
}

/** `/support` has no slash at its end, but its page does: links to both should work. */
function redirectToFolder(
  files: ReadonlyMap<string, unknown>,
  path: string,
  response: ServerResponse,
): boolean {
  if (!files.has(`${path}/index.html`)) return false
  response.writeHead(308, { ...DATA_HEADERS, location: `${path}/` }).end()
  return true
}

async function send(file: StaticFile, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const headers = {
    ...PAGE_HEADERS,
    'content-type': file.type,
    'cache-control': file.cache,
    etag: file.etag,
    vary: 'accept-encoding',
  }
  if (request.headers['if-none-match'] === file.etag) {
    response.writeHead(304, headers).end()
    return
  }
  const encoding = encodingFor(request, file)
  const body = encoding === undefined ? file.body : await compressed(file, encoding)
  response.writeHead(200, {
    ...headers,
    'content-length': body.length,
    ...(encoding && { 'content-encoding': encoding }),
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}

function encodingFor(request: IncomingMessage, file: StaticFile): Encoding | undefined {
  if (file.body.length < WORTH_COMPRESSING) return undefined
  const accepted = String(request.headers['accept-encoding'] ?? '')
    .split(',')
    .filter((part) => !/;\s*q=0(\.0*)?\s*$/.test(part))
    .map((part) => part.split(';', 1)[0]?.trim())
  return (['br', 'gzip'] as const).find((encoding) => accepted.includes(encoding))
}

/** Each file is compressed once, when first asked for. */
function compressed(file: StaticFile, encoding: Encoding): Promise<Buffer> {
  const made = file.compressed.get(encoding) ?? COMPRESSORS[encoding](file.body)
  file.compressed.set(encoding, made)
  return made
}

function read(folder: string): { path: string; file: StaticFile }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((name) => {
      const path = relative(folder, name).split(sep).join('/')
      const body = readFileSync(name)
      const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
      const type = TYPES[extname(name)] ?? 'application/octet-stream'
      const cache = path.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache'
      return { path, file: { body, etag, type, cache, compressed: new Map() } }
    })
}
