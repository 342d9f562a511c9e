/** What a run of the benchmark yields: one sample per run and round. */
import type { Figures } from '../generator/measure.js'
import type { EchoRun, FanOutRun } from '../plan/cases.js'
import type { PeerName } from './peers.js'

interface Origin {
  readonly peer: PeerName
  /** Counted from 1. */
  readonly round: number
}

export interface FanOutSample extends Origin, FanOutRun {
  readonly scenario: 'fan-out'
  readonly subscribers: number
  readonly figures: Figures
}

export interface IdleChannelsSample extends Origin, FanOutRun {
  readonly scenario: 'idle-channels'
  readonly subscribers: number
  readonly idleChannels: number
  readonly figures: Figures
}

export interface EchoSample extends Origin, EchoRun {
  readonly scenario: 'echo'
  readonly connections: number
  readonly figures: Figures
}

export interface ConnectSample extends Origin {
  readonly scenario: 'connect'
  readonly atOnce: number
  readonly kept: number
  readonly figures: Figures
}

export interface MemorySample extends Origin {
  readonly scenario: 'memory'
  readonly connections: number
  /** Resident bytes before and after the connections were opened. */
  readonly before: number
  readonly after: number
}

export type LoadSample = FanOutSample | IdleChannelsSample | EchoSample | ConnectSample
export type Sample = LoadSample | MemorySample

/** A run that did not come about, and why. */
export interface Failure {
  readonly peer: PeerName
  readonly round: number
  readonly what: string
  readonly message: string
}

/** A peer that could not be measured here, and how to get it. */
export interface Absence {
  readonly peer: PeerName
  readonly hint: string
}
