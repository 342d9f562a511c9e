import { runSeed } from './run.js'

const [from = 1, to = 10] = process.argv.slice(2).map(Number)
const began = performance.now()
let bad = 0,
  heard = 0,
  gaps = 0,
  published = 0,
  acked = 0,
  steps = 0
for (let seed = from; seed <= to; seed++) {
  const { broken, world } = await runSeed(seed)
  steps += world.timeline.steps
  for (const p of world.people) {
    for (const r of [...p.readers.values(), ...p.retired])
      for (const h of r.heard) 'gap' in h ? gaps++ : heard++
    for (const a of p.attempts) {
      published++
      if (a.position) acked++
    }
  }
  if (broken.length === 0) continue
  bad++
  if (bad <= 8) console.log(`seed ${seed}:\n  ${broken.slice(0, 3).join('\n  ')}`)
}
console.log(
  `${to - from + 1} seeds in ${Math.round(performance.now() - began)} ms, ${bad} bad; ${published} published, ${acked} acked, ${heard} heard, ${gaps} gaps, ${steps} steps`,
)
