import { concat, fromHex, utf8 } from '../wire/bytes.js'
import {
  alive,
  cont,
  fails,
  getPong,
  getText,
  MORE,
  message,
  ping,
  send,
  sendBut,
  Topic,
  text,
} from './build.js'

// The first and the last code point of each class of RFC 3629 §4, and those that look forbidden and are not.
const VALID = [
  ['U+0000', '00'],
  ['U+007F', '7f'],
  ['U+0080, the first of two octets', 'c2 80'],
  ['U+07FF, the last of two octets', 'df bf'],
  ['U+0800, the first of three octets', 'e0 a0 80'],
  ['U+0FFF', 'e0 bf bf'],
  ['U+1000', 'e1 80 80'],
  ['U+CFFF', 'ec bf bf'],
  ['U+D7FF, the last before the surrogates', 'ed 9f bf'],
  ['U+E000, the first after the surrogates', 'ee 80 80'],
  ['U+FEFF, a byte order mark, which is part of the text', 'ef bb bf'],
  ['U+FEFF before text and inside', 'ef bb bf 61 ef bb bf 62'],
  ['U+FFFD', 'ef bf bd'],
  ['U+FFFE and U+FFFF, noncharacters', 'ef bf be ef bf bf'],
  ['U+FDD0, a noncharacter', 'ef b7 90'],
  ['U+10000, the first of four octets', 'f0 90 80 80'],
  ['U+1FFFE, a noncharacter', 'f0 9f bf be'],
  ['U+3FFFF', 'f0 bf bf bf'],
  ['U+40000', 'f1 80 80 80'],
  ['U+FFFFF', 'f3 bf bf bf'],
  ['U+100000', 'f4 80 80 80'],
  ['U+10FFFF, the last', 'f4 8f bf bf'],
  ['every length of sequence, mixed', '61 c3 a9 e2 82 ac f0 9f 98 80 7a'],
] as const

const valid = new Topic('8.1-valid', 'RFC 6455 §8.1')
for (const [what, octets] of VALID) {
  valid.add({ title: what, steps: [send(message('text', fromHex(octets))), getText(fromHex(octets))] })
}
const POLYGLOT = 'κόσμε Ελληνικά 日本語 עברית हिन्दी 😀👩‍👩‍👧‍👦 ﷺ 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 e\u0301'
const whole = utf8(POLYGLOT)
valid
  .add({ title: 'many scripts in one frame', steps: [send(message('text', whole)), getText(whole)] })
  .add({
    title: 'many scripts, one octet a fragment',
    steps: [
      send(message('text', whole, { cuts: Array.from(whole, (_, i) => i + 1), compress: false })),
      getText(whole),
    ],
  })
  .add({
    title: 'many scripts, three octets a fragment, a ping in the middle of a code point',
    steps: [
      send(
        text(whole.subarray(0, 40), MORE),
        ping('p'),
        cont(whole.subarray(40, 43), MORE),
        cont(whole.subarray(43)),
      ),
      getPong('p'),
      getText(whole),
    ],
  })
  .add({
    title: '70,000 octets of code points that straddle every boundary',
    steps: [send(message('text', 'x€😀é'.repeat(7000))), getText('x€😀é'.repeat(7000))],
  })
for (const [octets, count] of [
  ['c3 a9', 2],
  ['e2 82 ac', 3],
  ['f0 9f 98 80', 4],
] as const) {
  for (let cut = 1; cut < count; cut++) {
    const data = fromHex(octets)
    valid.add({
      title: `a code point of ${count} octets split over two fragments after ${cut}`,
      steps: [send(text(data.subarray(0, cut), MORE), cont(data.subarray(cut))), getText(data)],
    })
  }
}
valid.add({
  title: 'a code point of 4 octets over fragments, with an empty one inside',
  steps: [send(text(fromHex('f09f'), MORE), cont('', MORE), cont(fromHex('9880'))), getText('😀')],
})
valid.add({
  title: 'a half-finished code point says nothing yet: the connection lives',
  steps: [send(text(fromHex('f09f98'), MORE)), ...alive, send(cont(fromHex('80'))), getText('😀')],
})

/**
 * Sequences that can never become UTF-8. `bad` is how many octets it takes to see it: a subject that fails fast
 * needs no more of them.
 */
const INVALID = [
  ['a continuation octet alone, 80', '80', 1],
  ['a continuation octet alone, BF', 'bf', 1],
  ['two continuation octets', '80 bf', 1],
  [
    'every continuation octet from 80 to BF',
    Array.from({ length: 64 }, (_, i) => (0x80 + i).toString(16)).join(''),
    1,
  ],
  ['C0, which only overlong forms begin with', 'c0 af', 1],
  ['C1, which only overlong forms begin with', 'c1 bf', 1],
  ['overlong NUL in two octets', 'c0 80', 1],
  ['overlong slash in three octets', 'e0 80 af', 2],
  ['overlong U+07FF in three octets', 'e0 9f bf', 2],
  ['overlong slash in four octets', 'f0 80 80 af', 2],
  ['overlong U+FFFF in four octets', 'f0 8f bf bf', 2],
  ['overlong in five octets', 'f8 80 80 80 af', 1],
  ['overlong in six octets', 'fc 80 80 80 80 af', 1],
  ['surrogate U+D800', 'ed a0 80', 2],
  ['surrogate U+DB7F', 'ed ad bf', 2],
  ['surrogate U+DBFF', 'ed af bf', 2],
  ['surrogate U+DC00', 'ed b0 80', 2],
  ['surrogate U+DFFF', 'ed bf bf', 2],
  ['a pair of surrogates (CESU-8)', 'ed a0 bd ed b8 80', 2],
  ['U+110000, beyond the last', 'f4 90 80 80', 2],
  ['U+13FFFF', 'f4 bf bf bf', 2],
  ['F5, beyond the last', 'f5 80 80 80', 1],
  ['F7', 'f7 bf bf bf', 1],
  ['a sequence of five octets', 'f8 88 80 80 80', 1],
  ['a sequence of six octets', 'fc 84 80 80 80 80', 1],
  ['FE', 'fe', 1],
  ['FF', 'ff', 1],
  ['two octets, the second is ASCII', 'c3 28', 2],
  ['two octets, the second begins another', 'c3 c3 a9', 2],
  ['three octets, the second is ASCII', 'e2 28 a1', 2],
  ['three octets, the third is ASCII', 'e2 82 28', 3],
  ['three octets, the third begins another', 'e2 82 e2 82 ac', 3],
  ['four octets, the second is ASCII', 'f0 28 8c bc', 2],
  ['four octets, the third is ASCII', 'f0 9f 28 bc', 3],
  ['four octets, the fourth is ASCII', 'f0 9f 98 28', 4],
  ['four octets, the fourth begins another', 'f0 9f 98 c3 a9', 4],
  ['one continuation octet too many', 'e2 82 ac 80', 4],
] as const

const invalid = new Topic('8.1-invalid', 'RFC 6455 §8.1')
for (const [what, octets] of INVALID) {
  invalid.add({
    title: what,
    steps: [send(message('text', concat([utf8('ok '), fromHex(octets), utf8(' end')]))), fails(1007)],
  })
}
for (const [what, octets] of [
  ['two', 'c3'],
  ['three, one there', 'e2'],
  ['three, two there', 'e282'],
  ['four, one there', 'f0'],
  ['four, two there', 'f09f'],
  ['four, three there', 'f09f98'],
] as const) {
  invalid.add({
    title: `a message that ends inside of a code point of ${what}`,
    steps: [send(message('text', fromHex(octets))), fails(1007)],
  })
  invalid.add({
    title: `a fragmented message that ends inside of a code point of ${what}`,
    steps: [send(text('ok ', MORE), cont(fromHex(octets), MORE), cont('')), fails(1007)],
  })
}
invalid
  .add({
    title: 'a bad octet far into a long message',
    steps: [
      send(message('text', concat([utf8('é'.repeat(40_000)), fromHex('ff'), utf8('é'.repeat(100))]))),
      fails(1007),
    ],
  })
  .add({
    title: 'a bad message after a good one and before a good one, which is not read any more',
    steps: [send(text('good'), text(fromHex('ff')), text('unread')), getText('good'), fails(1007)],
  })
  .add({
    title: 'a good message does not leave anything behind for the next',
    steps: [send(text('€'), text(fromHex('82ac'))), getText('€'), fails(1007)],
  })
  .add({
    title: 'a code point split over two messages',
    steps: [send(text(fromHex('e282')), text(fromHex('ac'))), fails(1007)],
  })

// RFC 6455 §8.1 asks to fail the connection; Autobahn and this suite ask when: at the octet that decides it.
const fast = new Topic('8.1-fast', 'RFC 6455 §8.1', { level: 'choice' })
for (const [what, octets, bad] of INVALID) {
  const data = concat([
    utf8('ok '),
    fromHex(octets).subarray(0, bad),
    utf8(' and much more that never comes'),
  ])
  fast.add({
    title: `${what}: fails with the rest of the frame unsent`,
    steps: [sendBut(31, text(data)), fails(1007)],
  })
}
for (const [what, octets, bad] of INVALID.filter((_, i) => i % 3 === 1)) {
  const data = fromHex(octets)
  const [front, back] = [data.subarray(0, bad - 1), data.subarray(bad - 1, bad)]
  fast.add({
    title: `${what}: split over fragments, fails with the rest of the message unsent`,
    steps: [send(text(concat([utf8('ok '), front]), MORE), cont(back, MORE)), fails(1007)],
  })
}

export const utf8Cases = [...valid.cases, ...invalid.cases, ...fast.cases]
