import type { CloseReport, Step } from '../model.js'
import { same, show } from '../wire/bytes.js'
import type { PeerEvent } from './events.js'
import { Mismatch } from './mismatch.js'
import { describeEvent } from './peer.js'
import type { Probe } from './probe.js'

type Expectation = Extract<Step, { expect: string }>

/** Performs one step; throws Mismatch when the subject does not do what it must. */
export async function perform(step: Step, probe: Probe): Promise<void> {
  if ('send' in step) await probe.peer.send(step.send, step.cut)
  else if ('run' in step) await step.run(probe)
  else if ('act' in step) probe.peer[step.act]()
  else await meet(step, probe)
}

async function meet(step: Expectation, probe: Probe): Promise<void> {
  if (step.expect === 'report') return meetReport(step, probe)
  const event = await nextEvent(probe, step.expect)
  switch (step.expect) {
    case 'text':
    case 'binary':
      return meetMessage(step, event)
    case 'ping':
    case 'pong':
      if (event?.is === step.expect && same(event.payload, step.payload)) return
      throw new Mismatch(`${step.expect} ${show(step.payload)}`, describeEvent(event))
    case 'close':
      return meetClose(step, event)
    case 'fail':
      if (event?.is !== 'close' || !step.codes.includes(event.code)) {
        throw new Mismatch(
          `the connection failed with Close ${step.codes.join(' or ')}`,
          describeEvent(event),
        )
      }
      return meetEnd(probe)
    case 'end':
      if (event?.is !== 'end') throw new Mismatch('the end of the stream', describeEvent(event))
  }
}

/** The next event. Pings nobody asked for are answered and skipped: a subject may send them at any time. */
export async function nextEvent(probe: Probe, wanted: string): Promise<PeerEvent | undefined> {
  for (;;) {
    const event = await probe.peer.next(probe.patience)
    if (event?.is !== 'ping' || wanted === 'ping') return event
    await probe.peer.send([{ opcode: 10, payload: event.payload }])
  }
}

function meetMessage(
  step: Extract<Expectation, { expect: 'text' | 'binary' }>,
  event: PeerEvent | undefined,
): void {
  const wanted = `${step.expect} message ${show(step.payload)}`
  if (event?.is !== 'message' || event.kind !== step.expect || !same(event.payload, step.payload)) {
    throw new Mismatch(wanted, describeEvent(event))
  }
  if (step.compressed !== undefined && step.compressed !== event.compressed) {
    throw new Mismatch(`${step.compressed ? 'compressed' : 'uncompressed'} ${wanted}`, describeEvent(event))
  }
}

function meetClose(step: Extract<Expectation, { expect: 'close' }>, event: PeerEvent | undefined): void {
  const reason = step.reason === undefined ? '' : ` "${step.reason}"`
  const wanted = `Close ${step.codes.join(' or ')}${reason}`
  if (event?.is !== 'close' || !step.codes.includes(event.code))
    throw new Mismatch(wanted, describeEvent(event))
  if (step.reason !== undefined && step.reason !== event.reason)
    throw new Mismatch(wanted, describeEvent(event))
}

/**
 * RFC 6455 §7.1.1: the server ends TCP first. So the suite waits when it plays the client, and ends its own
 * direction when it plays the server.
 */
export async function meetEnd(probe: Probe): Promise<void> {
  if (probe.peer.suiteIs === 'server') probe.peer.end()
  const event = await probe.peer.next(probe.patience)
  if (event?.is !== 'end') throw new Mismatch('the subject ends the connection', describeEvent(event))
}

async function meetReport(step: Extract<Expectation, { expect: 'report' }>, probe: Probe): Promise<void> {
  const wanted = `its application is told ${step.codes.join(' or ')}`
  const report = await within(probe.report(), probe.patience)
  if (report === undefined) throw new Mismatch(wanted, 'no report in time')
  const told = `${report.code}${report.reason === '' ? '' : ` "${report.reason}"`}`
  const reasonFits = step.reason === undefined || step.reason === report.reason
  if (!step.codes.includes(report.code) || !reasonFits)
    throw new Mismatch(`${wanted} ${step.reason ?? ''}`.trimEnd(), told)
}

/** The value, or undefined when it takes too long. */
export async function within(promise: Promise<CloseReport>, ms: number): Promise<CloseReport | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

/** The closing handshake the suite starts (RFC 6455 §7.1.2), after cases that leave the connection open. */
export async function closeOrderly(probe: Probe): Promise<void> {
  await perform({ send: [{ opcode: 8, payload: Uint8Array.of(0x03, 0xe8) }] }, probe)
  await perform({ expect: 'close', codes: [1000] }, probe)
  await meetEnd(probe)
}
