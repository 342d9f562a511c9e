/** A server under test and its load generator: started together, stopped together. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { GeneratorCommand, GeneratorSetup } from '../generator/commands.js'
import type { ServerOptions } from '../servers/control.js'
import { Child } from './child.js'
import type { Pinning } from './machine.js'
import { type PeerSpec, serverCommand } from './peers.js'
import { parseResident } from './proc.js'

interface ServerReady {
  readonly pid: number
  readonly port: number
  readonly version: string
  readonly runtime: string
  readonly settings?: readonly string[]
}

export interface SessionOptions extends ServerOptions {
  /** Whether the server must be able to collect garbage when told. */
  readonly collectable: boolean
  readonly pinning: Pinning
}

/** What an answer may take beyond the time it is expected to. */
const PATIENCE = 30_000
const GENERATOR = fileURLToPath(new URL('../generator/main.js', import.meta.url))

export class Session {
  readonly server: ServerReady
  readonly #serverChild: Child
  readonly #generator: Child

  private constructor(server: ServerReady, children: { readonly server: Child; readonly generator: Child }) {
    this.server = server
    this.#serverChild = children.server
    this.#generator = children.generator
  }

  static async start(spec: PeerSpec, options: SessionOptions): Promise<Session> {
    const { collectable, pinning, idleChannels } = options
    const command = [...pinning.server, ...serverCommand(spec, { idleChannels }, collectable)]
    const server = await Child.start(`server ${spec.name}`, command)
    const ready = server.ready as ServerReady
    const setup: GeneratorSetup = { dialect: spec.dialect, port: ready.port, serverPid: ready.pid }
    try {
      const generator = await Child.start('load generator', [
        ...pinning.generator,
        process.execPath,
        GENERATOR,
        JSON.stringify(setup),
      ])
      return new Session(ready, { server: server.child, generator: generator.child })
    } catch (error) {
      await server.child.stop()
      throw error
    }
  }

  /** Has the generator carry out a command that takes about `seconds`. A server's end is told rather than what it led to. */
  async ask(command: GeneratorCommand, seconds: number): Promise<unknown> {
    try {
      return await this.#generator.ask(JSON.stringify(command), seconds * 1000 + PATIENCE)
    } catch (error) {
      const fate = await this.#serverChild.fate()
      throw fate === undefined ? error : new Error(fate)
    }
  }

  collectGarbage(): Promise<unknown> {
    return this.#serverChild.ask('gc', PATIENCE)
  }

  /** Resident bytes of the server process. */
  resident(): number {
    return parseResident(readFileSync(`/proc/${this.server.pid}/status`, 'latin1'))
  }

  async stop(): Promise<void> {
    await Promise.all([this.#generator.stop(), this.#serverChild.stop()])
  }
}
