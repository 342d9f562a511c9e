import { judge, judgeSilence } from './judge.js'
import { judgeLinks, judgeTransports } from './link-judge.js'
import { judgePresence } from './presence-judge.js'
import { judgeStates } from './state-judge.js'
import { World } from './world.js'

export interface Outcome {
  readonly seed: number
  /** Promises broken, a sentence each. */
  readonly broken: readonly string[]
  readonly world: World
}

/** Runs one seed and judges it. */
export async function runSeed(seed: number): Promise<Outcome> {
  const world = new World(seed)
  await world.trouble()
  await world.peace()
  const silence = judgeSilence(world)
  await world.lastWords()
  const broken = [
    ...silence,
    ...judge(world),
    ...judgeStates(world),
    ...judgePresence(world),
    ...judgeLinks(world.transcripts),
    ...judgeTransports(world),
  ]
  return { seed, broken, world }
}
