import type { Case } from '../model.js'
import { clientOpening } from './4.1-client-opening.js'
import { negotiation } from './4.2-negotiation.js'
import { serverOpening } from './4.2-server-opening.js'
import { masks } from './5.1-masks.js'
import { lengths } from './5.2-lengths.js'
import { reserved } from './5.2-reserved.js'
import { fragmentation } from './5.4-fragmentation.js'
import { control } from './5.5-control.js'
import { closing } from './7-close.js'
import { utf8Cases } from './8.1-utf8.js'
import { limits } from './10.4-limits.js'
import { answers } from './7692-answers.js'
import { deflateBroken } from './7692-broken.js'
import { deflateData } from './7692-data.js'
import { offers } from './7692-offers.js'
import { h2Opening } from './8441-opening.js'
import { h2Streams } from './8441-streams.js'

/** A row of the table: cases are in it by the beginning of their ids. */
export interface Section {
  readonly title: string
  readonly cases: readonly Case[]
}

export const SECTIONS: readonly Section[] = [
  { title: '6455 §4.1   opening, client', cases: clientOpening },
  { title: '6455 §4.2   opening, server', cases: serverOpening },
  { title: '6455 §4.2   negotiation', cases: negotiation },
  { title: '6455 §5.1   masks', cases: masks },
  { title: '6455 §5.2   reserved bits, opcodes', cases: reserved },
  { title: '6455 §5.2   lengths, echo of sizes', cases: lengths },
  { title: '6455 §5.4   fragmentation', cases: fragmentation },
  { title: '6455 §5.5   control frames', cases: control },
  { title: '6455 §7     close, codes', cases: closing },
  { title: '6455 §8.1   UTF-8', cases: utf8Cases },
  { title: '6455 §10.4  limits', cases: limits },
  { title: '7692 §7.1   offers, server', cases: offers },
  { title: '7692 §7.1   answers, client', cases: answers },
  { title: '7692 §6–7.2 compressed data', cases: deflateData },
  { title: '7692        corrupt data, bombs', cases: deflateBroken },
  { title: '8441 §3–5   opening over HTTP/2', cases: h2Opening },
  { title: '8441 §5     streams', cases: h2Streams },
]

export const CASES: readonly Case[] = SECTIONS.flatMap((section) => section.cases)
