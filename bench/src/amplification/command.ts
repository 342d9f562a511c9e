/** `npm run bench -- amplification`. */
import { VERSION } from '@millrace/server'
import { inTurn, runScenario } from '../common/command.js'
import { describeMachine } from '../harness/machine.js'
import { PLACES } from '../report/write-docs.js'
import { amplificationHelp, parseAmplificationOptions } from './options.js'
import { type AmplificationPlan, estimate } from './plan.js'
import { type AmplificationReport, FORMS } from './report.js'
import { measureCase } from './run.js'

/** Resolves with the exit code. Throws a UsageError. */
export function amplification(args: readonly string[]): Promise<number> {
  const options = parseAmplificationOptions(args)
  const measure = () => measureAll(options.plan)
  return runScenario(options, {
    ...{ place: PLACES.amplification, forms: FORMS },
    ...{ help: amplificationHelp, measure },
  })
}

async function measureAll(plan: AmplificationPlan): Promise<AmplificationReport> {
  const { samples, failures } = await inTurn(
    plan.cases.map((one) => ({
      title: `${one.limit}, ${one.pace}`,
      description: one.does,
      seconds: estimate(one, plan),
      measure: () => measureCase(one, plan),
    })),
  )
  return {
    ...{ machine: describeMachine(), versions: [`Millrace ${VERSION}`], others: [], plan, samples, failures },
    processes:
      'server and attackers are a process each, not pinned, and the attackers leave way to the server',
  }
}
