/**
 * Peers measured against each other. All stand ready with their connections, and take turns in windows of half a second:
 * a machine that is faster in one minute than in the next, as shared ones are, is so for all of them.
 */
import type { GeneratorCommand } from '../generator/commands.js'
import type { Figures, Window } from '../generator/measure.js'
import { type ContestedGroup, estimateGroup, type Plan, WINDOW_WARMUP, windowsOf } from '../plan/cases.js'
import { pool } from './pool.js'
import type { EchoSample, FanOutSample, IdleChannelsSample } from './samples.js'
import type { Session } from './session.js'

/** A sample before it is told its round. */
type Bare<S> = S extends unknown ? Omit<S, 'round'> : never
export type ContestSample = Bare<FanOutSample | IdleChannelsSample | EchoSample>

/** Does something for a group; false, with the failure noted, when it fails. */
export type Attempt = (group: ContestedGroup, work: () => Promise<void>) => Promise<boolean>

interface Contestant {
  readonly group: ContestedGroup
  readonly session: Session
}

export class Contest {
  readonly #plan: Plan
  readonly #attempt: Attempt
  #contestants: Contestant[] = []

  constructor(plan: Plan, attempt: Attempt) {
    this.#plan = plan
    this.#attempt = attempt
  }

  /** Opens a group's connections. */
  async enter(group: ContestedGroup, session: Session): Promise<void> {
    const expected = estimateGroup(group, this.#plan)
    if (group.scenario === 'echo') {
      await session.ask({ do: 'open', role: 'echo', count: group.connections }, expected)
    } else {
      await session.ask({ do: 'open', role: 'subscriber', count: group.subscribers }, expected)
      await session.ask({ do: 'open', role: 'publisher', count: 1 }, expected)
    }
    this.#contestants.push({ group, session })
  }

  /** Measures run after run. Who fails is out. */
  async *measure(): AsyncGenerator<ContestSample> {
    const runs = this.#contestants[0]?.group.runs.length ?? 0
    for (let run = 0; run < runs; run++) {
      const figures = await this.#take(run)
      for (const { group } of this.#contestants) {
        const { runs: all, ...place } = group
        yield { ...place, ...all[run], figures: pool(figures.get(group) ?? []) } as ContestSample
      }
    }
  }

  async #take(run: number): Promise<Map<ContestedGroup, Figures[]>> {
    const { warmup, firstWarmup, seconds } = this.#plan
    const count = windowsOf(seconds)
    const figures = new Map<ContestedGroup, Figures[]>(this.#contestants.map(({ group }) => [group, []]))
    for (let index = 0; index < count; index++) {
      const settling = index > 0 ? WINDOW_WARMUP : run > 0 ? warmup : firstWarmup
      for (const contestant of this.#contestants) {
        const lasted = await this.#attempt(contestant.group, async () => {
          const window = { warmup: settling, seconds: seconds / count }
          figures.get(contestant.group)?.push(await this.#window(contestant, run, window))
        })
        if (!lasted) this.#contestants = this.#contestants.filter((other) => other !== contestant)
      }
    }
    return figures
  }

  async #window({ group, session }: Contestant, run: number, window: Window): Promise<Figures> {
    const what = { do: group.scenario === 'echo' ? 'echo' : 'fan-out', ...group.runs[run], window }
    return (await session.ask(what as GeneratorCommand, estimateGroup(group, this.#plan))) as Figures
  }
}
