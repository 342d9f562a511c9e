#!/usr/bin/env node
/** `npm start`: builds what is stale, then serves the home page and the applications until it is told to stop. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from './build.mjs'

const ROOT = fileURLToPath(new URL('../', import.meta.url))

const HELP = `Usage: npm start -- [options]

Serves the home page and the applications, building first what has changed.

  --port N      port to listen on (default: the PORT variable, or 8080; 0 picks a free one)
  --host NAME   address to listen on (default: localhost;
                0.0.0.0 lets other machines in)
  --data DIR    folder for what outlives a restart (default: data)
  --tls-cert FILE --tls-key FILE
                serve over TLS, with this certificate and its key in PEM;
                files that are replaced are taken up at once
  --agents FILE who may log in at the support desk (default: the SUPPORT_AGENTS
                variable, or two agents for demonstration whose passwords the
                login page shows; apps/support-chat/README.md has the format)
  --help        show this
`

/** Says what is wrong and how to do better, and ends. */
function fail(message) {
  console.error(message)
  process.exit(1)
}

function options() {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string', short: 'p', default: process.env.PORT || '8080' },
        host: { type: 'string', default: 'localhost' },
        data: { type: 'string', default: join(ROOT, 'data') },
        'tls-cert': { type: 'string' },
        'tls-key': { type: 'string' },
        agents: { type: 'string', default: process.env.SUPPORT_AGENTS || undefined },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    return values
  } catch (error) {
    return fail(`${error.message}\n\n${HELP}`)
  }
}

function portFrom(text) {
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65_535) return port
  return fail(
    `The port must be a number from 0 to 65535, not '${text}'. For example: npm start -- --port 8081`,
  )
}

function tlsFrom({ 'tls-cert': cert, 'tls-key': key }) {
  if (cert === undefined && key === undefined) return undefined
  if (cert && key) return { cert, key }
  return fail('TLS needs both: npm start -- --tls-cert fullchain.pem --tls-key privkey.pem')
}

async function startOrFail(start, { port, host, data, agents, tls }) {
  try {
    return await start({ port, host, data, agents, tls })
  } catch (error) {
    if (error.code === 'EADDRINUSE') {
      return fail(
        `Port ${port} on ${host} is taken by another program. Choose another:\n\n  npm start -- --port ${port + 1}\n\nor let the system choose: npm start -- --port 0`,
      )
    }
    if (error.code === 'EACCES') {
      return fail(
        `Port ${port} needs more rights than this user has. Choose one above 1023: npm start -- --port 8080`,
      )
    }
    if (error.code === 'ENOTFOUND' || error.code === 'EADDRNOTAVAIL') {
      return fail(`This machine has no address '${host}'. Use localhost, or 0.0.0.0 for all of them.`)
    }
    // The server names its own options, which a person at a terminal does not know.
    return fail(error.message.replace(/\btls\.(cert|key)\b/g, '--tls-$1'))
  }
}

const { help, host, data, agents, ...given } = options()
if (help) {
  console.log(HELP)
  process.exit(0)
}
const port = portFrom(given.port)
const tls = tlsFrom(given)
// A signal while the build runs ends at once; there is nothing to close yet.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(0))
try {
  await build({ types: [join(ROOT, 'apps/home')] })
} catch (error) {
  fail(`The build failed:\n${error.message}`)
}
const { start } = await import('../apps/home/dist/main.js')
const running = await startOrFail(start, { port, host, data, agents, tls })

const scheme = tls === undefined ? 'http' : 'https'
const url = `${scheme}://${host.includes(':') ? `[${host}]` : host === '0.0.0.0' ? 'localhost' : host}:${running.port}`
console.log(`
Millrace is running at ${url}

  ${url}/                what it is, and a wheel to turn
  ${url}/support/        live support chat, as a customer in a shop
  ${url}/support/desk/   the same chat, as an agent: open both side by side${
    agents === undefined ? ' (passwords: on the login page)' : ''
  }

Press Ctrl+C to stop.`)

let stopping = false
async function stop() {
  // A second signal means: now.
  if (stopping) process.exit(1)
  stopping = true
  await running.close()
  process.exit(0)
}
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.removeAllListeners(signal)
  process.on(signal, () => void stop())
}
