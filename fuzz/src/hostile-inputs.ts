/** What the fuzzers make, written down for whoever sends it over sockets. */
import { writeFileSync } from 'node:fs'
import { jsonDialect } from '@millrace/protocol'
import { utf8 } from './bytes.js'
import { mutate } from './mutate.js'
import { Random } from './random.js'
import { someCommand } from './targets/dialect-maker.js'
import { makeFrames } from './targets/frame-maker.js'

const KINDS = { frames: 0, command: 1 } as const
const LONGEST = 12_000

/** Writes so many inputs to a file: each behind its kind (one byte) and its length (four). The seed decides them. */
export function writeCorpus(
  file: string,
  { seed, count }: { readonly seed: number; readonly count: number },
): void {
  const random = new Random(seed)
  const parts: Uint8Array[] = []
  for (let n = 0; n < count; n++) {
    const kind = random.chance(0.5) ? KINDS.frames : KINDS.command
    const fresh =
      kind === KINDS.frames
        ? makeFrames(random, { masked: true })
        : utf8(jsonDialect.encodeCommands([someCommand(random)]))
    const input = (random.chance(0.2) ? fresh : mutate(fresh, random)).slice(0, LONGEST)
    const head = Buffer.alloc(5)
    head[0] = kind
    head.writeUInt32BE(input.byteLength, 1)
    parts.push(head, input)
  }
  writeFileSync(file, Buffer.concat(parts))
}
