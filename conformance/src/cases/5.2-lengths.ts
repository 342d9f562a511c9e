import { noise, prose } from '../wire/bytes.js'
import {
  binary,
  cont,
  fails,
  getBinary,
  getText,
  MORE,
  message,
  ping,
  send,
  sendBut,
  Topic,
  text,
} from './build.js'

const echo = new Topic('5.2-size', 'RFC 6455 §5.2')
const SIZES = [
  0, 1, 2, 124, 125, 126, 127, 128, 255, 256, 1024, 4095, 4096, 65534, 65535, 65536, 65537, 131072, 1_000_003,
  1_048_576,
]
// Over HTTP/2 a long message takes a round trip for every 64 KiB of window, each of them a turn of a busy event loop.
const LONG = { patience: 30_000 }
for (const size of SIZES) {
  const patience = size > 100_000 ? LONG : {}
  echo.add({
    ...patience,
    title: `text of ${size} octets`,
    steps: [send(message('text', prose(size))), getText(prose(size))],
  })
  echo.add({
    ...patience,
    title: `binary of ${size} octets`,
    steps: [send(message('binary', noise(size))), getBinary(noise(size))],
  })
}
echo
  .add({
    title: 'a message of 4 MiB',
    ...LONG,
    steps: [send(message('binary', noise(4_194_304))), getBinary(noise(4_194_304))],
  })
  .add({
    title: '1,000 short messages in one write come back in order',
    steps: [
      send(...Array.from({ length: 1000 }, (_, i) => message('text', `message ${i}`))),
      ...Array.from({ length: 1000 }, (_, i) => getText(`message ${i}`)),
    ],
  })
  .add({
    title: 'short and long messages by turns',
    steps: [
      send(...[1, 70_000, 2, 126, 0, 65_536, 3].map((size) => message('binary', noise(size, size + 1)))),
      ...[1, 70_000, 2, 126, 0, 65_536, 3].map((size) => getBinary(noise(size, size + 1))),
    ],
  })

const form = new Topic('5.2-length', 'RFC 6455 §5.2')
// RFC 6455 §5.2: "in all cases, the minimal number of bytes MUST be used to encode the length".
for (const size of [0, 1, 124, 125]) {
  form.add({
    title: `${size} octets in the 16-bit form`,
    level: 'should',
    steps: [send(binary(noise(size), { lengthForm: 16 })), fails(1002)],
  })
}
for (const size of [0, 1, 125, 126, 65534, 65535]) {
  form.add({
    title: `${size} octets in the 64-bit form`,
    level: 'should',
    steps: [send(binary(noise(size), { lengthForm: 64 })), fails(1002)],
  })
}
form.add({
  title: 'a continuation with a length that is not minimal',
  level: 'should',
  steps: [send(text('one', MORE), cont('two', { lengthForm: 16 })), fails(1002)],
})
for (const claim of [2n ** 63n, 2n ** 63n + 5n, 2n ** 64n - 1n]) {
  form.add({
    title: `a 64-bit length with its top bit set: ${claim.toString(16)}`,
    steps: [send(binary('x', { claim, lengthForm: 64 })), fails(1002)],
  })
}
form
  .add({
    title: 'the longest 64-bit length there is, cut after the header',
    level: 'choice',
    options: { maxMessage: 1_000_000 },
    steps: [sendBut(0, binary('', { claim: 2n ** 63n - 1n, lengthForm: 64 })), fails(1009)],
  })
  .add({
    title: 'a length just above 2^53, cut after the header',
    level: 'choice',
    options: { maxMessage: 1_000_000 },
    steps: [send(binary('', { claim: 2n ** 53n + 1n, lengthForm: 64 })), fails(1009)],
  })
  .add({
    title: 'a length of 2^32, cut after the header',
    level: 'choice',
    options: { maxMessage: 1_000_000 },
    steps: [send(binary('', { claim: 2n ** 32n, lengthForm: 64 })), fails(1009)],
  })
  .add({
    title: 'lengths at the border of each form, one behind the other',
    steps: [
      send(...[125, 126, 65535, 65536].map((size) => binary(noise(size, size)))),
      ...[125, 126, 65535, 65536].map((size) => getBinary(noise(size, size))),
    ],
  })
  .add({
    title: 'a ping between two halves of the header of a long frame is part of the length',
    steps: [
      send(binary(noise(300)), ping('after')),
      getBinary(noise(300)),
      { expect: 'pong', payload: Buffer.from('after') },
    ],
  })

export const lengths = [...echo.cases, ...form.cases]
