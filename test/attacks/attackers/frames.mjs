/** Frames and commands that are wrong. */
import { readFileSync } from 'node:fs'
import { CONNECT, open, pause, Tally, text } from './wire.mjs'

/** Inputs from a file, each behind its kind (one byte) and its length (four). */
function* inputsOf(file) {
  const all = readFileSync(file)
  for (let at = 0; at < all.length; ) {
    const [kind, length] = [all[at], all.readUInt32BE(at + 1)]
    yield { kind, bytes: all.subarray(at + 5, at + 5 + length) }
    at += 5 + length
  }
}

const KINDS = { frames: 0, command: 1 }
/** How long an answer to an input may take to come, in milliseconds, before the next. */
const PATIENCE = 20

async function connected(port) {
  const wire = await open(port)
  wire.send(CONNECT)
  return wire
}

/** Sends bytes in two pieces, and waits a moment for what comes of it. */
async function sendCut(wire, bytes, cut) {
  wire.send(bytes.subarray(0, cut))
  await pause(1)
  wire.send(bytes.subarray(cut))
  await Promise.race([wire.ended, pause(PATIENCE)])
}

/** What a fuzzer made, over sockets: frames, and commands within good ones, cut anywhere. As often as the time allows, each time cut elsewhere. */
export async function fuzzed(port, { corpus, seconds, wires }) {
  const inputs = [...inputsOf(corpus)]
  const [until, tally] = [performance.now() + seconds * 1000, new Tally()]
  let sent = 0
  const place = async () => {
    let wire = await connected(port)
    while (performance.now() < until) {
      const { kind, bytes } = inputs[sent++ % inputs.length]
      const piece = kind === KINDS.command ? text(bytes) : bytes
      await sendCut(wire, piece, (sent * 7919) % (piece.length + 1))
      if (kind === KINDS.command && !wire.isOver) continue
      // What is left of a frame that did not end would be taken for the beginning of the next.
      tally.add(wire.isOver ? wire.end : 'stays')
      wire.destroy()
      wire = await connected(port)
    }
    wire.destroy()
  }
  await Promise.all(Array.from({ length: wires }, place))
  return { ends: tally.counts, sent }
}

const MOST = 65_000
const publish = (data) => `{"id":7,"publish":{"channel":"chat:deep","data":${data}}}`
/** JSON that is hard to read, or to write again. */
const MONSTERS = {
  'arrays within each other': '['.repeat(MOST),
  'closed arrays within each other': publish('['.repeat(MOST / 2 - 30) + ']'.repeat(MOST / 2 - 30)),
  'objects within each other': publish(`${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`),
  'a number of many digits': publish('9'.repeat(MOST)),
  'a fraction of many digits': publish(`0.${'1'.repeat(MOST - 100)}e-300`),
  'a number beyond all numbers': publish('1e400'),
  'a key of many characters': publish(`{"${'k'.repeat(MOST - 100)}":1}`),
  'many keys': publish(`{${Array.from({ length: 6000 }, (_, n) => `"${n}":1`).join()}}`),
  'many arrays': publish(`[${'[],'.repeat(20_000)}[]]`),
  'many escapes': publish(`"${'\\u0000'.repeat(10_000)}"`),
  'a key that is no key': publish('{"__proto__":{"constructor":{"prototype":1}}}'),
}

/** Deep JSON of 100,000 levels is beyond the size of a message; so it comes as deep as a message may be. Counts the replies by their codes. */
export async function monsters(port, { seconds, wires }) {
  const replies = Object.fromEntries(Object.keys(MONSTERS).map((name) => [name, new Tally()]))
  const until = performance.now() + seconds * 1000
  const place = async () => {
    const wire = await open(port)
    let told = () => {}
    wire.onText = (payload) => told(payload.toString('latin1', 0, 200))
    wire.send(CONNECT)
    await new Promise((resolve) => (told = resolve))
    while (performance.now() < until) {
      for (const [name, json] of Object.entries(MONSTERS)) {
        const reply = new Promise((resolve) => (told = resolve))
        wire.send(text(json))
        const said = await Promise.race([
          reply,
          wire.ended.then(() => 'ended'),
          pause(5000).then(() => 'nothing'),
        ])
        replies[name].add(
          /"code":(\d+)/.exec(said)?.[1] ?? /"published"|ended|nothing/.exec(said)?.[0] ?? said,
        )
      }
      // Half of the bytes that one may send.
      await pause(700)
    }
    const end = wire.isOver ? wire.end : 'stays'
    wire.destroy()
    return end
  }
  const ended = new Tally()
  for (const end of await Promise.all(Array.from({ length: wires }, place))) ended.add(end)
  return {
    ends: ended.counts,
    replies: Object.fromEntries(Object.entries(replies).map(([name, { counts }]) => [name, counts])),
  }
}
