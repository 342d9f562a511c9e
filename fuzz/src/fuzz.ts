import { Corpus } from './corpus.js'
import { minimize } from './minimize.js'
import { crossOver, mutate } from './mutate.js'
import { Random } from './random.js'
import type { Target } from './target.js'

/** No input is longer: what matters happens in the first hundreds of octets. */
const LONGEST_INPUT = 12_000
/** An input may take this long, measured as the best of four, so that a pause of the machine is no finding. */
const SLOW_MS = 100
/** The heap may grow by this much over a whole run. */
const GROWTH_MIB = 400
const LOOK_AT_MEMORY_EVERY = 2_000

export interface FuzzPlan {
  readonly target: Target
  readonly seed: number
  /** Ends after this many inputs or this long, whichever comes first. */
  readonly iterations?: number
  readonly seconds?: number
}

export interface FuzzFinding {
  readonly parser: string
  readonly seed: number
  readonly iteration: number
  /** The smallest input found that still breaks the invariant. */
  readonly input: Uint8Array
  readonly problem: string
}

export interface FuzzResult {
  readonly parser: string
  readonly seed: number
  readonly iterations: number
  readonly seconds: number
  /** Different ways in which inputs ended: how far into the parser the fuzzer came. */
  readonly endings: number
  readonly finding?: FuzzFinding
}

/** Attacks one parser until the plan ends or something is found. The seed alone decides the sequence of inputs. */
export async function fuzz({
  target,
  seed,
  iterations = Number.POSITIVE_INFINITY,
  seconds,
}: FuzzPlan): Promise<FuzzResult> {
  const random = new Random(seed)
  const corpus = new Corpus()
  const begun = performance.now()
  const heap = process.memoryUsage().heapUsed
  const deadline = seconds === undefined ? Number.POSITIVE_INFINITY : begun + seconds * 1000
  let done = 0
  const result = (finding?: FuzzFinding): FuzzResult => ({
    parser: target.name,
    seed,
    iterations: done,
    seconds: (performance.now() - begun) / 1000,
    endings: corpus.endings,
    ...(finding === undefined ? {} : { finding }),
  })
  while (done < iterations && performance.now() < deadline) {
    const input = nextInput(target, corpus, random)
    done++
    const outcome = await tryInput(target, input)
    if ('problem' in outcome) {
      const small = await minimize(input, async (candidate) =>
        isSame(await tryInput(target, candidate), outcome),
      )
      return result({ parser: target.name, seed, iteration: done, input: small, problem: outcome.problem })
    }
    corpus.offer(input, outcome.ending, random)
    if (done % LOOK_AT_MEMORY_EVERY !== 0) continue
    const grown = (process.memoryUsage().heapUsed - heap) / 1_048_576
    if (grown > GROWTH_MIB)
      return result({
        parser: target.name,
        seed,
        iteration: done,
        input,
        problem: `the heap grew by ${Math.round(grown)} MiB`,
      })
  }
  return result()
}

function nextInput(target: Target, corpus: Corpus, random: Random): Uint8Array {
  const kept = corpus.pick(random)
  if (kept === undefined || random.chance(0.4)) {
    const fresh = target.make(random)
    return (random.chance(0.4) ? fresh : mutate(fresh, random)).slice(0, LONGEST_INPUT)
  }
  const other = random.chance(0.2) ? corpus.pick(random) : undefined
  const base = other === undefined ? kept : crossOver(kept, other, random)
  return mutate(base, random).slice(0, LONGEST_INPUT)
}

export type Outcome = { readonly ending: string } | { readonly problem: string }

/** Runs one input and says how it ended, or what is wrong. */
export async function tryInput(target: Target, input: Uint8Array): Promise<Outcome> {
  const once = async (): Promise<Outcome & { readonly ms: number }> => {
    const begun = performance.now()
    try {
      // Waiting for what is no promise would cost more than most parsers take.
      const ending = target.run(input)
      const settled = typeof ending === 'string' ? ending : await ending
      return { ending: settled, ms: performance.now() - begun }
    } catch (error) {
      return { problem: describe(error), ms: performance.now() - begun }
    }
  }
  const first = await once()
  if ('problem' in first || first.ms < SLOW_MS) return first
  const again = [await once(), await once(), await once()]
  const best = Math.min(first.ms, ...again.map(({ ms }) => ms))
  return best < SLOW_MS
    ? first
    : { problem: `an input of ${input.byteLength} octets takes ${Math.round(best)} ms` }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return `threw ${String(error)}`
  return error.name === 'Finding' ? error.message : `threw ${error.name}: ${error.message}`
}

/** Whether a smaller input shows the same problem, numbers and quoted text aside. */
function isSame(candidate: Outcome, found: Outcome): boolean {
  if (!('problem' in candidate) || !('problem' in found)) return false
  const kind = (text: string) => text.replaceAll(/\d+|"[^"]*"|'[^']*'/g, '#').slice(0, 60)
  return kind(candidate.problem) === kind(found.problem)
}
