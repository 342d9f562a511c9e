import type { SubjectOptions } from '../model.js'
import type { RunningServer, ServerSubject } from '../subjects/subject.js'

/** Starts each server subject once for each set of options, and stops them all at the end. */
export class ServerPool {
  readonly #servers = new Map<string, Promise<RunningServer>>()

  get(subject: ServerSubject, options: SubjectOptions): Promise<RunningServer> {
    const resolved = { ...options, deflate: options.deflate ?? subject.deflate }
    const key = `${subject.name} ${JSON.stringify(resolved)}`
    const running = this.#servers.get(key) ?? subject.start(resolved)
    this.#servers.set(key, running)
    return running
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#servers.values()].map(async (server) => (await server).stop()))
    this.#servers.clear()
  }
}
