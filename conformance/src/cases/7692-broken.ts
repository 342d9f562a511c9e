import { constants, deflateRawSync } from 'node:zlib'
import type { Step } from '../model.js'
import { require } from '../runner/mismatch.js'
import type { Probe } from '../runner/probe.js'
import { perform } from '../runner/steps.js'
import { concat, fromHex, noise, prose, utf8 } from '../wire/bytes.js'
import { DeflateBits } from '../wire/deflate-bits.js'
import { RSV1 } from '../wire/frame.js'
import { binary, cont, fails, getBinary, getText, message, send, sendBut, Topic, text } from './build.js'

const on = { deflate: true } as const
const COMPRESSED = { rsv: RSV1 } as const
const FIRST = { rsv: RSV1, fin: false } as const

// RFC 7692 names no code for data that does not inflate; 1007 is data "not consistent with the type of the
// message", 1002 a violation of the protocol. Both say that the peer is to blame.
const corrupt = new Topic('7692-7.2.2-corrupt', 'RFC 7692 §7.2.2', { on })
for (const [title, payload] of [
  ['a reserved block type', new DeflateBits().reservedBlock().message()],
  ['a match before the first octet', new DeflateBits().match(new Uint8Array(0), 1).message()],
  ['a match further back than there is', new DeflateBits().match(utf8('ab'), 4).message()],
  ['an impossible Huffman code', new DeflateBits().oversubscribed().message()],
  ['a stored block whose length does not match its complement', fromHex('000500ffff48656c6c6f00')],
  ['noise', concat([fromHex('07'), noise(40)])],
] as const) {
  corrupt.add({ title, steps: [send(binary(payload, COMPRESSED)), fails(1007, 1002)] })
}
corrupt
  .add({
    title: 'a reserved block type after good messages',
    steps: [
      send(message('text', 'good')),
      getText('good'),
      send(text(fromHex('0600'), COMPRESSED)),
      fails(1007, 1002),
    ],
  })
  .add({
    title: 'corruption in the second fragment',
    steps: [
      send(text(new DeflateBits().literals(utf8('x')).raw(), FIRST), cont(fromHex('ffffffffff'))),
      fails(1007, 1002),
    ],
  })
  .add({
    title: 'uncompressed text under RSV1',
    steps: [send(text('This was never compressed at all.', COMPRESSED)), fails(1007, 1002)],
  })
  .add({
    title: 'a message cut inside of a block',
    level: 'should',
    steps: [send(binary(fromHex('f248cdc9'), COMPRESSED)), fails(1007, 1002)],
  })
  .add({
    title: 'a message cut inside of a stored block',
    level: 'should',
    steps: [send(binary(fromHex('00ff0000ff48656c6c6f'), COMPRESSED)), fails(1007, 1002)],
  })

const texts = new Topic('7692-8.1-utf8', 'RFC 6455 §8.1', { on })
for (const [title, octets] of [
  ['a continuation octet alone', '6f6b 80'],
  ['an overlong form', '6f6b c080'],
  ['a surrogate', '6f6b eda080'],
  ['a code point beyond the last', '6f6b f4908080'],
  ['a code point cut at the end', '6f6b e282'],
  ['FF', 'ff'],
] as const) {
  texts.add({
    title: `${title}, seen only after inflation`,
    steps: [send(message('text', fromHex(octets))), fails(1007)],
  })
}
texts.add({
  title: 'a bad octet at the end of 100,000 good ones',
  steps: [send(message('text', concat([utf8('é'.repeat(50_000)), fromHex('ff')]))), fails(1007)],
})

const LIMIT = 1000
const limit = new Topic('7692-limit', 'RFC 6455 §10.4', {
  on,
  level: 'choice',
  options: { maxMessage: LIMIT },
})

/** A message of so many mebibytes of zeroes in about a thousandth of that. */
function bomb(mebibytes: number): Uint8Array {
  const one = deflateRawSync(new Uint8Array(1_048_576), { finishFlush: constants.Z_SYNC_FLUSH })
  return concat(Array.from({ length: mebibytes }, () => one)).subarray(0, -4)
}

limit
  .add({
    title: 'exactly the limit after inflation',
    steps: [send(message('text', prose(LIMIT))), getText(prose(LIMIT))],
  })
  .add({
    title: 'one octet more after inflation',
    steps: [send(message('text', prose(LIMIT + 1))), fails(1009)],
  })
  .add({
    title: 'noise a little below the limit, longer on the wire than inflated',
    level: 'choice',
    steps: [send(message('binary', noise(990))), getBinary(noise(990))],
  })
  .add({
    title: '1 MiB of zeroes, 1 KiB on the wire',
    options: { maxMessage: 4000 },
    steps: [send(binary(bomb(1), COMPRESSED)), fails(1009)],
  })
  .add({
    title: 'a bomb in two fragments',
    options: { maxMessage: 4000 },
    steps: [send(binary(bomb(2).subarray(0, 1500), FIRST), cont(bomb(2).subarray(1500))), fails(1009)],
  })
  .add({
    title: 'the limit counts each message on its own',
    steps: [1, 2, 3].flatMap(() => [send(message('text', prose(LIMIT))), getText(prose(LIMIT))]),
  })
  .add({
    title: 'a frame whose wire size alone is far above the limit fails with its header',
    steps: [sendBut(200_000, binary(noise(200_000), COMPRESSED)), fails(1009)],
  })
  .add({
    title: '512 MiB in half a mebibyte is refused without being held in memory',
    options: { maxMessage: 1_048_576 },
    patience: 15_000,
    closes: false,
    steps: boundedMemory([send(binary(bomb(512), COMPRESSED)), fails(1009)]),
  })

/**
 * Judges the peak memory of this process around some steps. It says something about subjects inside of this
 * process only; for others it is the suite's own memory, which stays flat.
 */
function boundedMemory(steps: readonly Step[]): Step[] {
  const peak = () => process.resourceUsage().maxRSS / 1024
  const run = async (probe: Probe): Promise<void> => {
    const before = peak()
    for (const step of steps) await perform(step, probe)
    const grown = Math.round(peak() - before)
    require(grown < 256, 'peak memory grows by less than 256 MiB', `${grown} MiB`)
  }
  return [{ run }]
}

export const deflateBroken = [...corrupt.cases, ...texts.cases, ...limit.cases]
