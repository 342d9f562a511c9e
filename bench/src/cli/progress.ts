/** One line on standard error per group: what runs, and how long it will still take. */
import type { Observer } from '../harness/run.js'
import { describeGroup, estimateGroup, type Plan } from '../plan/cases.js'
import { duration } from '../report/format.js'

/** `version` takes what a server said of itself. */
export function progress(plan: Plan, version: Observer['version']): Observer {
  const costs = plan.groups.map((group) => estimateGroup(group, plan))
  const total = costs.reduce((sum, cost) => sum + cost, 0)
  return {
    group: (round, index) => {
      const group = plan.groups[index]
      if (group === undefined) return
      const left = costs.slice(index).reduce((sum, cost) => sum + cost, 0) + (plan.rounds - round) * total
      const place = `round ${round}/${plan.rounds}, ${index + 1}/${plan.groups.length}`
      process.stderr.write(`[${place}, ${duration(left)} left] ${group.peer}: ${describeGroup(group)}\n`)
    },
    version,
  }
}
