/** A process full of readers that keep up: they count what comes, and some of them look how late it is. */
import { now } from '../../common/clock.js'
import { obey, setup } from '../../common/obey.js'
import { type Dialect, MEANING } from '../../generator/dialect.js'
import { dialectNamed } from '../../generator/dialects.js'
import { Histogram } from '../../generator/histogram.js'
import type { Link } from '../../generator/link.js'
import { openLinks } from '../../generator/open.js'
import type { FastCommand, FastFigures, FastSetup } from '../commands.js'
import { publishedAt } from './published-at.js'

/** Such a share of them looks: reading the time out of everything would cost more than a server takes for sending it. */
const LOOKING = 1 / 8
/** Bytes of a message within which its time stands. */
const PEEK = 240

const { dialect: name, port } = setup<FastSetup>()
const plain = dialectNamed(name)
const latency = new Histogram()
let got = new Uint32Array()
let lost = 0

/** As the dialect, but for noting how late each delivery is. */
const looking: Dialect = {
  ...plain,
  peek: PEEK,
  inspect(bytes, start, end) {
    const meaning = plain.inspect(bytes, start, end)
    if (meaning === MEANING.delivery) latency.record(now() - publishedAt(bytes, start))
    return meaning
  },
}

async function join(count: number): Promise<void> {
  got = new Uint32Array(count)
  const some = Math.ceil(count * LOOKING)
  const open = (kind: Dialect, from: number, to: number): Promise<readonly Link[]> =>
    to > from
      ? openLinks({ port, dialect: kind }, { role: 'subscriber', count: to - from, from })
      : Promise.resolve([])
  const links = [...(await open(looking, 0, some)), ...(await open(plain, some, count))]
  const listener = {
    ready() {},
    delivery: ({ index }: { readonly index: number }) => {
      got[index] = (got[index] as number) + 1
    },
    turn() {},
    failed: () => {
      lost++
    },
  }
  for (const link of links) link.listener = listener
}

function tell(): FastFigures {
  const delivered = got.reduce((sum, one) => sum + one, 0)
  return { latency: latency.quantiles(), fewest: Math.min(...got), delivered, lost }
}

await obey<FastCommand>({}, (command) => {
  switch (command.do) {
    case 'join':
      return join(command.count)
    case 'forget':
      latency.clear()
      got.fill(0)
      return undefined
    case 'tell':
      return tell()
  }
})
