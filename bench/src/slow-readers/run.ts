/** One peer: the same channel without slow readers, with them, and without them again. */
import { pause } from '../common/clock.js'
import { watchOthers } from '../common/disturbance.js'
import type { Feed, SlowFigures } from './commands.js'
import { type SlowPeer, SPECS } from './peers.js'
import type { SlowPlan } from './plan.js'
import { SlowWorld } from './world.js'

/** Those who keep up, in one phase. */
export interface FastSample {
  readonly p50: number
  readonly p99: number
  /** Share of what was published that reached the one that got least. */
  readonly least: number
}
export interface SlowSample {
  readonly peer: SlowPeer
  readonly version: string
  readonly feed: Feed
  readonly without: FastSample
  readonly with: FastSample
  /** Readers that keep up and lost their connection all the same. */
  readonly lost: number
  readonly thin: SlowFigures
  /** Of the server, in bytes. */
  readonly memory: { readonly before: number; readonly peak: number; readonly after: number }
  readonly stalled: StalledSample
  /** Share of the time of a core that the server took, without and with the slow ones. */
  readonly load: { readonly without: number; readonly with: number }
  /** Share of a core that other programs took. */
  readonly others: number
}
export interface StalledSample {
  /** Bytes that the kernel held for it, at most, and that waited in the server at the end, where that is told. */
  readonly queued: number
  readonly waiting: number | null
  /** Seconds until its connection was let go; null when it never was. */
  readonly goneAfter: number | null
}

/** Until servers and clients are at rest, in milliseconds. */
const REST = 1000
/** Seconds of publishing before anything is measured, at most. */
const WARM_UP = 3
const LOOK_EVERY = 250

/** `programs`: where the compiled programs of the processes are, when not beside this one. */
export async function measureSlowReaders(
  peer: SlowPeer,
  plan: SlowPlan,
  programs?: URL,
): Promise<SlowSample> {
  const { feed, ...spec } = SPECS[peer]
  const world = await SlowWorld.start({ ...spec, feed }, plan.rate, programs)
  try {
    await world.joinFast(plan.fast)
    await world.publish(feed, Math.min(WARM_UP, plan.calm))
    const othersSince = watchOthers(world.processes)
    const before = await phase(world, feed, plan.calm)
    const slow = await withSlow(world, feed, plan)
    const after = await phase(world, feed, plan.calm)
    const { version } = world.server.ready
    const without = mean(before, after)
    return {
      ...{ peer, version, feed, ...slow, without: without.fast, lost: after.lost },
      load: { without: without.load, with: slow.load },
      others: othersSince(),
    }
  } finally {
    await world.stop()
  }
}

interface Phase {
  readonly fast: FastSample
  readonly lost: number
  readonly load: number
}

async function phase(world: SlowWorld, feed: Feed, seconds: number): Promise<Phase> {
  await pause(REST)
  await world.forget()
  const cpu = world.server.cpu()
  const published = await world.publish(feed, seconds)
  const load = (world.server.cpu() - cpu) / seconds
  await pause(REST)
  const { latency, fewest, lost } = await world.fast()
  return { fast: { p50: latency.p50, p99: latency.p99, least: fewest / published }, lost, load }
}

/** Two phases as one. */
function mean(one: Phase, other: Phase): Pick<Phase, 'fast' | 'load'> {
  const half = (of: (phase: Phase) => number): number => (of(one) + of(other)) / 2
  return {
    fast: {
      p50: half(({ fast }) => fast.p50),
      p99: half(({ fast }) => fast.p99),
      least: Math.min(one.fast.least, other.fast.least),
    },
    load: half(({ load }) => load),
  }
}

async function withSlow(world: SlowWorld, feed: Feed, plan: SlowPlan) {
  const port = await world.joinSlow()
  await pause(REST)
  await world.collectGarbage()
  await pause(REST)
  const before = world.server.memory().resident
  world.server.forgetPeak()
  const watched = watchStalled(world, port)
  const { fast, load } = await phase(world, feed, plan.slow)
  const { queued, goneAfter } = watched()
  const { peak, resident: after } = world.server.memory()
  const waiting = await world.waiting()
  const thin = await world.slow()
  return {
    ...{ with: fast, load, thin, memory: { before, peak, after } },
    stalled: { queued, waiting, goneAfter },
  }
}

/** Looks again and again what the kernel holds for the one that stalls, and whether its connection is still there. */
function watchStalled(world: SlowWorld, port: number): () => Pick<StalledSample, 'queued' | 'goneAfter'> {
  const began = performance.now()
  let queued = 0
  let goneAfter: number | null = null
  const timer = setInterval(() => {
    const view = world.kernelView(port)
    if (!view.isOpen) goneAfter ??= (performance.now() - began) / 1000
    queued = Math.max(queued, view.queued)
  }, LOOK_EVERY)
  return () => {
    clearInterval(timer)
    return { queued, goneAfter }
  }
}
