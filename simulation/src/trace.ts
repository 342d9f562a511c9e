import type { Outcome } from './run.js'

/** What happened in a world, a line each, in order of time: what went wrong, and what readers made of it. */
export function printTrace({ seed, broken, world }: Outcome): string {
  const began = world.timeline.now() - world.timeline.elapsed
  const lines = world.trace.map(({ at, what }) => ({ at, what }))
  for (const person of world.people) {
    for (const { channel, heard } of [...person.retired, ...person.readers.values()]) {
      for (const one of heard) {
        if (!('gap' in one)) continue
        const { from, to, reason } = one.gap
        const range = `${from?.epoch}/${from?.offset} to ${to.epoch}/${to.offset}`
        lines.push({
          at: one.at - began,
          what: `  ${person.name} is told of a gap on ${channel}: ${reason}, ${range}`,
        })
      }
    }
  }
  lines.sort((a, b) => a.at - b.at)
  const text = lines.map(({ at, what }) => `${(at / 1000).toFixed(3).padStart(9)} s  ${what}`)
  const { nodes, people, channels } = world
  const head = `seed ${seed}: ${nodes.length} nodes, ${people.length} people, ${channels.join(', ')}`
  const end = broken.length === 0 ? ['every promise was kept'] : broken.map((one) => `BROKEN: ${one}`)
  return [head, ...text, ...end].join('\n')
}
