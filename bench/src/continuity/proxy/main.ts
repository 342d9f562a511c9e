/** A process between clients and a server: the network, which fails when it is told to. */
import { now, pause, until } from '../../common/clock.js'
import { obey, setup } from '../../common/obey.js'
import type { Moment, ProxyCommand, ProxySetup, Range } from '../commands.js'
import { type DropPlan, dropsOf } from './drops.js'
import { Wire } from './wire.js'

const { target } = setup<ProxySetup>()
const wires: Wire[] = []

const within = ({ first, count }: Range): Wire[] => wires.slice(first, first + count)

async function open(count: number): Promise<number[]> {
  const opened = await Promise.all(Array.from({ length: count }, () => Wire.open(target)))
  wires.push(...opened.map(({ wire }) => wire))
  return opened.map(({ port }) => port)
}

async function drop(plan: DropPlan): Promise<void> {
  const start = now()
  const over: Promise<unknown>[] = []
  for (const { client, at } of dropsOf(plan)) {
    await until(start + at)
    wires[client]?.cut()
    over.push(pause(plan.outage).then(() => wires[client]?.heal()))
  }
  await Promise.all(over)
}

/** Does it to each, and answers with the moment when the first was begun with. */
function each(range: Range, act: (wire: Wire) => number): Moment {
  const [at = now()] = within(range).map(act)
  return { at }
}

function carryOut(command: ProxyCommand): unknown {
  switch (command.do) {
    case 'open':
      return open(command.count)
    case 'cut':
      return each(command.clients, (wire) => wire.cut())
    case 'heal':
      return each(command.clients, (wire) => wire.heal())
    case 'drop':
      return drop(command.plan)
    case 'outages':
      return wires.map(({ outages }) => outages)
  }
}

await obey<ProxyCommand>({}, carryOut)
