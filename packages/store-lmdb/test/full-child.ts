/** Appends until the disk takes no more, and prints what happens. Argument: folder. */
import { KEEP_ALL, systemBroker } from './child-parts.js'

const [folder = ''] = process.argv.slice(2)
const broker = systemBroker(folder)
await broker.start({ publication: () => {}, ephemeral: () => {}, presence: () => {}, interrupted: () => {} })

const append = (n: number): Promise<{ readonly offset: number }> => {
  const data = { codec: 'json' as const, text: JSON.stringify('x'.repeat(1_000)) }
  return Promise.resolve(broker.append('a:b', { id: `id-${n}`, data }, KEEP_ALL))
}
const failures: string[] = []
let stored = 0
for (let n = 0; failures.length < 3; n++) {
  try {
    stored = (await append(n)).offset
  } catch (error) {
    failures.push(String(error))
  }
}
const { head, publications } = await broker.read('a:b', { before: 1e9, limit: 1e9 }, KEEP_ALL)
await broker.close()
console.log(JSON.stringify({ failures, stored, head: head.offset, kept: publications.length }))
