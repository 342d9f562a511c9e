import { createHash } from 'node:crypto'
import type { Client } from './client.js'
import type { Connection } from './connection.js'
import { failureOf, isScriptMissing } from './failures.js'
import { LUA, type ScriptName } from './lua.js'

type Argument = string | Buffer

interface Task {
  readonly args: readonly Argument[]
  resolve(reply: unknown): void
  reject(error: unknown): void
}

const SHA = Object.fromEntries(
  Object.entries(LUA).map(([name, text]) => [name, createHash('sha1').update(text).digest('hex')]),
) as { readonly [name in ScriptName]: string }

/**
 * Runs scripts by their SHA, in the order of the calls. Each new connection loads them. Should Redis forget them later
 * (SCRIPT FLUSH), what follows is held back until everything on its way is answered and they are loaded again: one that
 * was refused must not be overtaken by a later one, for appends keep their order. [B1]
 */
export class Scripts {
  readonly #connection: Pick<Connection, 'run'>
  #waiting = 0
  /** Refused for want of the script, in the order of the answers. */
  #refused: Task[] = []
  /** Came since the first was refused. */
  #held: Task[] | undefined

  constructor(connection: Pick<Connection, 'run'>) {
    this.#connection = connection
  }

  static async load(client: Client): Promise<void> {
    await Promise.all(Object.values(LUA).map((text) => client.send(['SCRIPT', 'LOAD', text])))
  }

  run(name: ScriptName, keys: readonly string[], args: readonly Argument[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const task = { args: ['EVALSHA', SHA[name], String(keys.length), ...keys, ...args], resolve, reject }
      if (this.#held === undefined) this.#send(task)
      else this.#held.push(task)
    })
  }

  #send(task: Task): void {
    this.#waiting++
    this.#connection
      .run(async (client) => {
        try {
          return { reply: await client.send(task.args) }
        } catch (error) {
          if (isScriptMissing(error)) return 'missing'
          throw error
        }
      })
      .then(
        (answer) => this.#answered(task, answer),
        (error) => this.#answered(task, { error }),
      )
  }

  #answered(task: Task, answer: 'missing' | { readonly reply: unknown } | { readonly error: unknown }): void {
    this.#waiting--
    if (answer === 'missing') {
      this.#held ??= []
      this.#refused.push(task)
    } else if ('error' in answer) task.reject(answer.error)
    else task.resolve(answer.reply)
    if (this.#held !== undefined && this.#waiting === 0) void this.#reload()
  }

  async #reload(): Promise<void> {
    let failure: unknown
    try {
      await this.#connection.run(Scripts.load)
    } catch (error) {
      failure = failureOf(error, 'this address')
    }
    const tasks = [...this.#refused, ...(this.#held ?? [])]
    this.#refused = []
    this.#held = undefined
    for (const task of tasks) {
      if (failure === undefined) this.#send(task)
      else task.reject(failure)
    }
  }
}
