import type { Cluster } from './cluster.js'
import type { Ended, Questions } from './messages.js'

/** Milliseconds within which other nodes answer. */
const ANSWER_WITHIN = 800

/** Asks the other nodes to end what they have of it, `here` being those that were ended on this one. Rejects when it cannot be said which nodes there are. */
export async function endEverywhere<K extends 'disconnect' | 'revoke'>(
  cluster: Cluster,
  kind: K,
  { asked, here }: { readonly asked: Questions[K]['asked']; readonly here: number },
): Promise<Ended> {
  const { answers, silent } = await cluster.askAll(kind, asked, { within: ANSWER_WITHIN })
  return { sessions: answers.reduce((sum, { answer }) => sum + Number(answer), here), silent }
}
