/** The servers that are measured, and how to start each. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { DialectName } from '../generator/dialects.js'
import type { ServerOptions } from '../servers/control.js'

export const PEER_NAMES = ['millrace', 'engine', 'ws', 'socket.io', 'uws', 'bun'] as const
export type PeerName = (typeof PEER_NAMES)[number]

export interface PeerSpec {
  readonly name: PeerName
  readonly title: string
  readonly dialect: DialectName
  /** File in servers/, without its ending. */
  readonly file: string
  readonly runtime: 'node' | 'bun'
  /** The package without which this peer cannot run; looked for in `peers/` or beside the harness. */
  readonly needs?: { readonly package: string; readonly from: 'peers' | 'workspace' }
}

export const PEERS: readonly PeerSpec[] = [
  { name: 'millrace', title: 'Millrace', dialect: 'millrace', file: 'millrace', runtime: 'node' },
  { name: 'engine', title: 'Millrace engine', dialect: 'raw', file: 'engine', runtime: 'node' },
  {
    name: 'ws',
    title: 'ws',
    dialect: 'raw',
    file: 'ws',
    runtime: 'node',
    needs: { package: 'ws', from: 'workspace' },
  },
  {
    name: 'socket.io',
    title: 'Socket.IO',
    dialect: 'socket.io',
    file: 'socket-io',
    runtime: 'node',
    needs: { package: 'socket.io', from: 'workspace' },
  },
  {
    name: 'uws',
    title: 'uWebSockets',
    dialect: 'raw',
    file: 'uws',
    runtime: 'node',
    needs: { package: '@trufflesuite/uws-js-unofficial', from: 'peers' },
  },
  { name: 'bun', title: 'Bun', dialect: 'raw', file: 'bun', runtime: 'bun' },
]

const PEERS_FOLDER = new URL('../../../peers/', import.meta.url)
const INSTALL = 'install it with `npm ci --prefix peers`'

/** Why a peer cannot be measured here and what to do about it; undefined when it can. */
export function missing(spec: PeerSpec): string | undefined {
  if (spec.runtime === 'bun' && !existsSync(bunProgram())) return `Bun is not there: ${INSTALL}`
  if (spec.needs === undefined) return undefined
  const from = spec.needs.from === 'peers' ? PEERS_FOLDER : import.meta.url
  if (!resolves(spec.needs.package, from)) {
    return `${spec.needs.package} is not there: ${spec.needs.from === 'peers' ? INSTALL : 'install it with `npm ci`'}`
  }
  return spec.name === 'uws' ? uwsMismatch() : undefined
}

/**
 * The package has a binary per platform and version of Node's binary interface, and where none fits it quietly loads a
 * JavaScript stand-in; measured as uWebSockets that would be a lie.
 */
function uwsMismatch(): string | undefined {
  const binary = `binaries/uws_${process.platform}_${process.arch}_${process.versions.modules}.node`
  const file = new URL(`node_modules/@trufflesuite/uws-js-unofficial/${binary}`, PEERS_FOLDER)
  return existsSync(file)
    ? undefined
    : `uWebSockets has no build for Node ${process.version} on this platform: run the benchmark with Node 20`
}

function resolves(name: string, from: string | URL): boolean {
  try {
    createRequire(from).resolve(name)
    return true
  } catch {
    return false
  }
}

const bunProgram = (): string =>
  fileURLToPath(new URL(`node_modules/@oven/bun-${process.platform}-${process.arch}/bin/bun`, PEERS_FOLDER))

/** The command line that starts a peer. `collectable`: whether it must be able to collect garbage when told. */
export function serverCommand(spec: PeerSpec, options: ServerOptions, collectable: boolean): string[] {
  const file = fileURLToPath(new URL(`../servers/${spec.file}.js`, import.meta.url))
  const program =
    spec.runtime === 'bun' ? [bunProgram()] : [process.execPath, ...(collectable ? ['--expose-gc'] : [])]
  return [...program, file, JSON.stringify(options)]
}

export const peerNamed = (name: PeerName): PeerSpec => {
  const spec = PEERS.find((one) => one.name === name)
  if (spec === undefined) throw new Error(`There is no peer ${name}`)
  return spec
}
