import { decodeClose, encodeClose, fitCloseReason, ProtocolFailure } from '@millrace/server/engine'
import { concat, toHex, utf8 } from '../bytes.js'
import { hold, type Target } from '../target.js'
import { utf8State } from './frame-oracle.js'

/** The payload of a Close frame (RFC 6455 §5.5.1). */
export const closeTarget: Target = {
  name: 'close-payload',
  about: 'the payload of a Close frame',
  make: (random) => {
    const code = random.chance(0.7)
      ? random.pick([1000, 1001, 1004, 1005, 1006, 1014, 1015, 2999, 3000, 4999, 5000])
      : random.int(65_536)
    const reason = random.pick(['', 'bye', '€', 'x'.repeat(123), '😀'.repeat(30), '\u0000'])
    return concat([Uint8Array.of(code >> 8, code), utf8(reason)])
  },
  run: (input) => {
    const fitted = fitCloseReason(Buffer.from(input).toString('utf8'))
    hold(utf8(fitted).byteLength <= 123, 'a fitted reason above 123 octets')
    try {
      const { code, reason } = decodeClose(input)
      hold(utf8State([...input.subarray(2)]) === 'whole', 'a reason that is not UTF-8 was read')
      if (input.byteLength > 125) return `long ${code}`
      const again = encodeClose(input.byteLength === 0 ? undefined : code, reason)
      hold(toHex(again) === toHex(input), `written again: ${toHex(again)}`)
      return `read ${code} ${Math.min(4, reason.length)}`
    } catch (error) {
      if (!(error instanceof ProtocolFailure)) throw error
      hold(error.code === 1002 || error.code === 1007, `failed with ${error.code}`)
      return `failed ${error.code}`
    }
  },
}
