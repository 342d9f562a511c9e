import { judge } from './judge.js'
import { World } from './world.js'

export interface Outcome {
  readonly seed: number
  readonly broken: readonly string[]
  readonly world: World
}

/** Runs one seed and judges it. */
export async function runSeed(seed: number): Promise<Outcome> {
  const world = new World(seed)
  await world.run()
  return { seed, broken: judge(world), world }
}
