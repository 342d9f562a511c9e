/** One attack: what the attackers sent and got, and what it took of the server. */
import { pause } from '../common/clock.js'
import type { Case } from './cases.js'
import { Ground, type Outcome, type Watching } from './ground.js'
import type { AmplificationPlan } from './plan.js'

export interface Round {
  /** Bytes at the attackers' sockets, and with what they got that of all whom the server told because of them. */
  readonly sent: number
  readonly received: number
  /** Seconds that the attack took. */
  readonly seconds: number
  /** Milliseconds of the server's processor, beyond what it takes in peace; and of the longest turn of its event loop. */
  readonly cpu: number
  readonly turn: number
}
export interface AmplificationSample extends Pick<Case, 'name' | 'group' | 'limit' | 'does' | 'pace'> {
  readonly rounds: readonly Round[]
  /** Bytes of the server's memory before, and the most of all rounds. */
  readonly memory: { readonly before: number; readonly peak: number }
}

/** Milliseconds for which it is looked how much the server takes in peace, and between two looks whether there is peace again. */
const PEACE = 300
const LOOK = 50
/** Between two looks it takes less than that, in milliseconds, when nothing is left to do; it is waited for that so long. */
const CALM = 3
const PATIENCE = 10_000
/** What is refused as too fast. */
const RATE_LIMITED = '203'

/** `server`: its program, when it is not that of test/attacks. Throws when the attack did not go as it should. */
export async function measureCase(
  one: Case,
  { rounds, seconds }: Pick<AmplificationPlan, 'rounds' | 'seconds'>,
  server?: string,
): Promise<AmplificationSample> {
  const ground = await Ground.start(one.server ?? {}, server)
  try {
    await ground.rest()
    await pause(PEACE)
    const before = ground.memory().resident
    ground.forgetPeak()
    // What is compiled and what is warm differs much from what is neither.
    const times = one.lasts === undefined ? rounds + 1 : 1
    const all: Round[] = []
    for (let n = 1; n <= times; n++) all.push(await round(ground, one, { n, seconds }))
    const { name, group, limit, does, pace } = one
    const { peak } = ground.memory()
    return {
      ...{ name, group, limit, does, pace },
      rounds: times === 1 ? all : all.slice(1),
      memory: { before, peak },
    }
  } finally {
    await ground.stop()
  }
}

async function round(
  ground: Ground,
  one: Case,
  { n, seconds }: { readonly n: number; readonly seconds: number },
): Promise<Round> {
  let [cpu, idle, began, ended, turn, faults] = [0, 0, 0, 0, 0, 0]
  const watching: Watching = {
    async ready() {
      await ground.rest()
      const peace = await ground.facts()
      const from = performance.now()
      await pause(PEACE)
      const before = await ground.facts()
      began = performance.now()
      idle = (before.cpu - peace.cpu) / (began - from)
      ;({ cpu, faults } = before)
    },
    async over() {
      ended = performance.now()
      for (let last = cpu; performance.now() < ended + PATIENCE; await pause(LOOK)) {
        const facts = await ground.facts()
        turn = Math.max(turn, facts.turn)
        const rest = facts.cpu - last
        last = facts.cpu
        if (rest > CALM) continue
        if (facts.faults > faults) throw new Error('the server took something for a fault of its own')
        cpu = facts.cpu - cpu - idle * (performance.now() - began)
        return
      }
      throw new Error('the server did not come to rest')
    },
  }
  const options = one.options({ seconds, address: `198.51.100.${n}` })
  const { outcome, traffic } = await ground.attack(one.attacker, options, watching)
  check(one, outcome)
  return {
    ...{ ...traffic, turn, cpu: Math.max(0, cpu) },
    seconds: outcome.seconds ?? (ended - began) / 1000,
  }
}

/** An attack that did not do what it is for says nothing. */
function check({ ends, mayBeRefused = false }: Case, outcome: Outcome): void {
  const wrong = Object.keys(outcome.ends ?? {}).filter((end) => !ends.includes(end))
  if (wrong.length > 0)
    throw new Error(`connections ended otherwise than they should: ${JSON.stringify(outcome.ends)}`)
  const refused = outcome.codes?.[RATE_LIMITED] ?? 0
  if (refused > 0 && !mayBeRefused)
    throw new Error(`it was not within its limits: ${refused} commands were refused`)
}
