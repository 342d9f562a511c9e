import { Topic } from '../cases/build.js'
import type { Subject } from '../subjects/subject.js'
import { PATIENCE_MS, runCase } from './run-case.js'
import { ServerPool } from './server-pool.js'

/** Whether a server answers the usual offer of permessage-deflate. */
export async function speaksDeflate(subject: Subject): Promise<boolean> {
  const [testCase] = new Topic('probe', 'RFC 7692 §7.1').add({ title: 'the usual offer' }).cases
  if (testCase === undefined) return false
  const pool = new ServerPool()
  const outcome = await runCase({ subject, testCase, delivery: 'whole' }, { pool, patience: PATIENCE_MS })
  await pool.stop()
  return outcome.is === 'passed'
}
