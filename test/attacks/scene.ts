/** A server, honest clients of it, and attackers in processes of their own: what the attack costs whom. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { LoadServer } from '../promises/load.js'
import { pause } from '../promises/world.js'
import { Honest, type Latency } from './honest.js'

const SERVER = fileURLToPath(new URL('./server.mjs', import.meta.url))
const ATTACKERS = fileURLToPath(new URL('./attackers/main.mjs', import.meta.url))
/** As docs/security.md has it for machines like this: V8 would have four helpers otherwise. */
const FLAGS = availableParallelism() <= 2 ? ['--v8-pool-size=1'] : []
export const MEGABYTE = 2 ** 20
const HONEST = 100
/** Milliseconds until code is warm, for which peace is looked at then, and an attack at least: a percentile of fewer answers is another number each time. */
const WARM = 2500
const BASELINE = 10_000
const SHORTEST = 3000
/** Milliseconds before an attack is made once more: the server is letting go of what the one before had. */
const AFTERMATH = 5000

/** So often an attack is made while the honest wait longer than they may: the machine may have had other things to do. */
export const ATTEMPTS = 3
/**
 * Milliseconds that the honest may wait beyond that where it is no flood but a crowd: whoever connects, or speaks as much as it may, is let in, and what is made for a
 * thousand at once is work, also for who collects garbage.
 */
export const CROWD = 5
/** So many milliseconds they may wait however quick peace was: one tick of a scheduler, for which anybody may wait who shares a machine. */
const LEAST = 4
/** Where clients that nobody attacks wait for so long, in milliseconds, the machine has other things to do, and what anybody waits says nothing. */
const BUSY = 25
/** Then the server's longest turn is judged, in milliseconds of a processor: while it waits for one, more comes than it would be given otherwise. */
const LONGEST_TURN = 500

/** `[name, options]`, as attackers/main.mjs has them. */
export type Attack = readonly [name: string, options: object]
/** What an attack came to: how many connections ended with each code, and what else it counts. */
export interface Outcome {
  readonly ends: Readonly<Record<string, number>>
  readonly [what: string]: unknown
}
export interface Facts {
  readonly rss: number
  /** Milliseconds. */
  readonly cpu: number
  /** The same, of the longest turn of its event loop since it was asked. */
  readonly turn: number
  readonly sessions: number
  readonly ends: Readonly<Record<string, number>>
  readonly cookies: number
  /** Errors and warnings in its log. */
  readonly faults: number
  /** Connections of TCP. */
  readonly sockets: number
}

/** What an attack may cost, where it is not the usual. */
interface Bounds {
  /** Megabytes that the server may take meanwhile, garbage that is not collected yet with them. Default 200. */
  readonly growth?: number
  /** Milliseconds for which the honest may wait beyond what they may. Default 0: docs/decisions/0017. */
  readonly slack?: number
  /** Milliseconds of processor that the server may take without a pause, however busy the machine is. Default: judged only where it is. */
  readonly turns?: number
}

interface Unharmed {
  readonly server: LoadServer
  readonly witnesses: Honest
}

export class Scene {
  readonly server: LoadServer
  readonly honest: Honest
  /** How it was in peace. */
  readonly baseline: Latency
  /**
   * A server that nobody attacks, and clients of it: what they wait is the machine's doing, which attackers share here and nowhere else.
   */
  readonly #other: Unharmed
  readonly #gathered = new Set<Attackers>()
  /** Of a processor, that the honest take. */
  readonly #share: number
  readonly #heap: number
  /** Where attackers go. */
  readonly #port: number

  private constructor(
    { server, port }: { readonly server: LoadServer; readonly port: number },
    honest: Honest,
    peace: {
      readonly baseline: Latency
      readonly share: number
      readonly other: Unharmed
      readonly heap: number
    },
  ) {
    this.server = server
    this.#port = port
    this.honest = honest
    this.baseline = peace.baseline
    this.#other = peace.other
    this.#share = peace.share
    this.#heap = peace.heap
  }

  /** With `tls` among the options, as server.mjs has them, attackers come by TLS. */
  static async begin(
    options: { readonly tls?: object; readonly [option: string]: unknown } = {},
  ): Promise<Scene> {
    const server = await LoadServer.start({ node: 'attacked', ...options }, SERVER, FLAGS)
    const port = options.tls === undefined ? server.port : Number(await server.ask('secure'))
    const honest = await Honest.gather(server.port, HONEST)
    const unharmed = await LoadServer.start({ node: 'unharmed' }, SERVER, FLAGS)
    const other = { server: unharmed, witnesses: await Honest.gather(unharmed.port, HONEST) }
    // What is compiled and what is warm differs much from what is neither.
    await pause(WARM)
    const { cpu } = await factsOf(server)
    honest.latency()
    const began = performance.now()
    await pause(BASELINE)
    const baseline = honest.latency()
    const share = ((await factsOf(server)).cpu - cpu) / (performance.now() - began)
    return new Scene({ server, port }, honest, { baseline, share, other, heap: await weigh(server) })
  }

  facts(): Promise<Facts> {
    return factsOf(this.server)
  }

  /** Attacks at once, from one process. Prints a line, and checks what holds for all. */
  async under(
    what: string,
    attacks: readonly Attack[] | ((attempt: number) => readonly Attack[]),
    bounds: Bounds = {},
  ): Promise<Record<string, Outcome>> {
    for (let attempt = 1; ; attempt++) {
      const now = typeof attacks === 'function' ? attacks(attempt) : attacks
      const { isSlow, outcomes } = await this.#underOnce(what, now, bounds)
      if (!isSlow) return outcomes
      expect(attempt, `${what}: how often the honest waited longer than they may`).toBeLessThan(ATTEMPTS)
      console.info('once more: the honest waited longer than they may')
      await pause(AFTERMATH)
    }
  }

  async #underOnce(
    what: string,
    attacks: readonly Attack[],
    { growth = 200, slack = 0, turns = Number.POSITIVE_INFINITY }: Bounds,
  ): Promise<{ readonly isSlow: boolean; readonly outcomes: Record<string, Outcome> }> {
    const attackers = await this.#attackers(attacks)
    const before = await this.facts()
    const { witnesses } = this.#other
    this.honest.latency()
    witnesses.latency()
    const began = performance.now()
    let [most, turn] = [before.rss, 0]
    const watch = setInterval(() => {
      // Whoever is cut is counted elsewhere.
      const look = (facts: Facts): void => {
        most = Math.max(most, facts.rss)
        turn = Math.max(turn, facts.turn)
      }
      this.facts().then(look, () => {})
    }, 100)
    const attack = attackers.attack().finally(() => clearInterval(watch))
    // What is over sooner is felt afterwards, if at all.
    const [outcomes] = await Promise.all([attack, pause(SHORTEST)])
    const latency = this.honest.latency()
    const elsewhere = witnesses.latency()
    const seconds = (performance.now() - began) / 1000
    const after = await this.facts()
    const grown = (Math.max(most, after.rss) - before.rss) / MEGABYTE
    const cpu = after.cpu - before.cpu
    // Of what it takes beyond what the honest do, each connection that was ended.
    const ended = Object.values(outcomes).flatMap(({ ends = {} }) => Object.values(ends))
    const each =
      (cpu - this.#share * seconds * 1000) /
      Math.max(
        1,
        ended.reduce((sum, count) => sum + count, 0),
      )
    console.info(
      `${what}: honest p99 ${ms(latency.p99)}, at most ${ms(latency.max)} (p99 in peace ${ms(this.baseline.p99)}, elsewhere meanwhile ${ms(elsewhere.p99)}); server at most +${grown.toFixed(0)} MB, ` +
        `${(cpu / seconds / 10).toFixed(0)}% of a processor (${(this.#share * 100).toFixed(0)}% in peace) for ${seconds.toFixed(1)} s, ${ms(each)} of it a connection, ${ms(turn)} at a time; ${JSON.stringify(outcomes)}`,
    )
    expect(latency.count, `${what}: honest answers`).toBeGreaterThan(HONEST)
    const isBusy = elsewhere.p99 >= BUSY
    if (isBusy) {
      console.info(
        'the machine is busy: judged by the time of the processor that the server takes without a pause',
      )
      expect(turn, `${what}: longest turn`).toBeLessThan(LONGEST_TURN)
    }
    expect(turn, `${what}: longest turn`).toBeLessThan(turns)
    expect([this.honest.cuts, this.honest.failures], `${what}: honest clients cut`).toEqual([0, []])
    expect(after.faults, `${what}: faults of the server`).toBe(0)
    expect(grown, `${what}: megabytes`).toBeLessThan(growth)
    // Where those wait twice as long whom nobody attacks, it is the machine.
    const isDisturbed = elsewhere.p99 > 2 * this.baseline.p99
    const may = Math.max(LEAST, 2 * (isDisturbed ? elsewhere : this.baseline).p99) + slack
    return { isSlow: !isBusy && latency.p99 > may, outcomes }
  }

  /** Waits until nothing is left of attackers but what channels keep, and says what that is. */
  async recovers(kept = 16): Promise<void> {
    const deadline = performance.now() + 25_000
    let left = Number.POSITIVE_INFINITY
    for (; ; await pause(500)) {
      const { sessions } = await this.facts()
      left = ((await weigh(this.server)) - this.#heap) / MEGABYTE
      if ((sessions === HONEST + 1 && left < kept) || performance.now() > deadline) break
    }
    console.info(`afterwards: ${left.toFixed(1)} MB more are held than before`)
    expect((await this.facts()).sessions).toBe(HONEST + 1)
    expect(left).toBeLessThan(kept)
  }

  async end(): Promise<void> {
    for (const attackers of this.#gathered) attackers.end()
    const { server, witnesses } = this.#other
    for (const clients of [this.honest, witnesses]) clients.leave()
    await Promise.all([this.server.stop(), server.stop()])
  }

  /** Attacks, and looks at nothing: others may go on meanwhile. */
  async attack(attacks: readonly Attack[]): Promise<Record<string, Outcome>> {
    return (await this.#attackers(attacks)).attack()
  }

  /**
   * Attackers who have prepared what they need. To start a process stops who does for ten milliseconds, here all the honest, and what is made ready
   * takes a processor: neither is the attack's doing.
   */
  async #attackers(attacks: readonly Attack[]): Promise<Attackers> {
    const attackers = new Attackers(this.#port, attacks)
    this.#gathered.add(attackers)
    await attackers.ready()
    return attackers
  }
}

/** A process of attackers. */
class Attackers {
  readonly #child: ChildProcess
  readonly #name: string

  constructor(port: number, attacks: readonly Attack[]) {
    this.#name = attacks.map(([name]) => name).join()
    // Without the flags of the tests, by which packages would be their sources.
    this.#child = fork(ATTACKERS, [String(port), JSON.stringify(attacks)], { execArgv: [] })
  }

  /** Resolves when they have prepared everything. */
  async ready(): Promise<void> {
    await this.#heard()
  }

  /** Has them attack, once they are ready, and leave; gives what they say became of it. */
  async attack(): Promise<Record<string, Outcome>> {
    this.#child.send('go')
    const { over } = (await this.#heard()) as { readonly over: Record<string, Outcome> }
    const gone = once(this.#child, 'exit')
    this.#child.send('leave')
    await gone
    return over
  }

  end(): void {
    this.#child.kill('SIGKILL')
  }

  async #heard(): Promise<unknown> {
    const over = new AbortController()
    const { signal } = over
    try {
      return await Promise.race([
        once(this.#child, 'message', { signal }).then(([said]) => said as unknown),
        once(this.#child, 'exit', { signal }).then(([code]) => {
          throw new Error(`The attackers (${this.#name}) ended with exit code ${code}, and said nothing`)
        }),
      ])
    } finally {
      over.abort()
    }
  }
}

const factsOf = async (server: LoadServer): Promise<Facts> => (await server.ask('facts')) as Facts

const weigh = async (server: LoadServer): Promise<number> =>
  ((await server.ask('weigh')) as { readonly heap: number }).heap

export const ms = (milliseconds: number): string => `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`
