/** A process with readers that do not keep up: one behind a thin link, one that stalls; and a witness that sees what they miss. */
import { now, pause } from '../../common/clock.js'
import { obey, setup } from '../../common/obey.js'
import type { SlowCommand, SlowFigures, SlowSetup, Stalled } from '../commands.js'
import { Ages } from './ages.js'
import { JOINS } from './libraries.js'
import { joinStalled } from './stalled.js'
import { openThinLink } from './thin-link.js'

/** How often somebody looks at what the thin one shows, in milliseconds. */
const LOOK_EVERY = 20
/** What is published until then is to be shown when it is asked for. */
const AFTERMATH = 2000

const { dialect, port, library, rate } = setup<SlowSetup>()
const join = await JOINS[library]()
const ages = new Ages()
const link = await openThinLink(port, rate)
const figures = { got: 0, skipped: 0 }
const leave: (() => void)[] = []
let stalled: Awaited<ReturnType<typeof joinStalled>> | undefined
let looking: NodeJS.Timeout | undefined

async function joinAll(): Promise<void> {
  const witness = await join(port, { message: (message) => ages.published(message), skipped() {} })
  const thin = await join(link.port, {
    message(message) {
      figures.got++
      ages.shows(message)
    },
    skipped(count) {
      figures.skipped += count
    },
  })
  stalled = await joinStalled(port, dialect)
  leave.push(witness.leave, thin.leave, stalled.leave)
  looking = setInterval(() => ages.look(now()), LOOK_EVERY)
}

async function tell(): Promise<SlowFigures> {
  clearInterval(looking)
  await pause(AFTERMATH)
  const told: SlowFigures = {
    ...figures,
    ages: ages.quantiles() ?? null,
    reconnections: link.connections() - 1,
    behind: ages.behind,
  }
  for (const go of leave) go()
  return told
}

await obey<SlowCommand>({}, (command) => {
  switch (command.do) {
    case 'join':
      return joinAll()
    case 'stall':
      return { port: stalled?.stall() ?? 0 } satisfies Stalled
    case 'tell':
      return tell()
  }
})
