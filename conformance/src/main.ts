import { reservedBits } from './cases/5.2-reserved.js'
import { runSuite } from './runner/run-suite.js'
import { wsSubjects } from './subjects/ws.js'

const v = await runSuite({ subjects: wsSubjects(), cases: reservedBits })
for (const x of v)
  if (x.outcome.is === 'failed') console.log(x.subject.name, x.testCase.id, x.delivery, x.outcome)
console.log(v.length, v.filter((x) => x.outcome.is === 'passed').length)
