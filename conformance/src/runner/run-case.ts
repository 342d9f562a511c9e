import type { Case, Delivery, Feature, SubjectOptions } from '../model.js'
import type { ServerSubject, Subject } from '../subjects/subject.js'
import type { RunContext } from './context.js'
import { Mismatch } from './mismatch.js'
import { openClient } from './open-client.js'
import { openH2 } from './open-h2.js'
import { openTcp } from './open-tcp.js'
import type { Probe } from './probe.js'
import type { ServerPool } from './server-pool.js'
import { closeOrderly, perform } from './steps.js'
import { Transcript } from './transcript.js'

export type Outcome =
  | { readonly is: 'passed' }
  | { readonly is: 'skipped'; readonly why: string }
  | {
      readonly is: 'failed'
      readonly expected: string
      readonly got: string
      readonly transcript: readonly string[]
    }

export interface Run {
  readonly subject: Subject
  readonly testCase: Case
  readonly delivery: Delivery
}

export interface Verdict extends Run {
  readonly outcome: Outcome
}

// Long enough for a busy machine; only failures ever wait for it.
export const PATIENCE_MS = 5_000

let count = 0

/** Whether the case says anything about this subject at all. */
export function concerns(testCase: Case, subject: Subject): boolean {
  const { role, transports, deflate } = testCase.on
  if (role !== undefined && role !== subject.role) return false
  if (transports !== undefined && !transports.includes(subject.transport)) return false
  if (testCase.opening?.kind === 'request' && subject.role !== 'server') return false
  if (testCase.opening?.kind === 'response' && subject.role !== 'client') return false
  return deflate === undefined || deflate === subject.deflate
}

/** The features a case needs and the subject lacks. */
export function missingFeatures(testCase: Case, subject: Subject): Feature[] {
  const needed: Feature[] = (Object.keys(testCase.options) as (keyof SubjectOptions)[]).filter(
    (name) => name !== 'deflate' || typeof testCase.options.deflate === 'object',
  )
  const reports = testCase.steps.some((step) => 'expect' in step && step.expect === 'report')
  return [...needed, ...(reports ? (['report'] as const) : [])].filter(
    (feature) => !subject.features.has(feature),
  )
}

export interface RunSettings {
  readonly pool: ServerPool
  /** Milliseconds one expectation may take, where the case does not ask for more. */
  readonly patience: number
}

export async function runCase(run: Run, { pool, patience }: RunSettings): Promise<Outcome> {
  const { subject, testCase, delivery } = run
  const missing = missingFeatures(testCase, subject)
  if (missing.length > 0) return { is: 'skipped', why: `the subject cannot be told ${missing.join(', ')}` }
  const transcript = new Transcript()
  const releases: (() => void)[] = []
  const context: RunContext = {
    run: testCase,
    name: `${testCase.id}-${++count}`,
    delivery,
    deflate: (testCase.options.deflate ?? subject.deflate) !== false,
    transcript,
    patience: Math.max(patience, testCase.patience ?? 0),
    cleanup: (release) => releases.push(release),
  }
  try {
    const probe =
      subject.role === 'client'
        ? await openClient(context, subject)
        : await openServer(context, subject, pool)
    if (probe !== undefined) await converse(testCase, probe)
    return { is: 'passed' }
  } catch (error) {
    const told = error instanceof Mismatch ? error : new Mismatch('no error', String(error))
    return { is: 'failed', expected: told.expected, got: told.got, transcript: transcript.text() }
  } finally {
    for (const release of releases.reverse()) release()
  }
}

async function openServer(
  context: RunContext,
  subject: ServerSubject,
  pool: ServerPool,
): Promise<Probe | undefined> {
  const server = await pool.get(subject, context.run.options)
  return subject.transport === 'h2' ? openH2(context, server) : openTcp(context, server)
}

async function converse(testCase: Case, probe: Probe): Promise<void> {
  for (const step of testCase.steps) await perform(step, probe)
  if (testCase.closes) await closeOrderly(probe)
}
