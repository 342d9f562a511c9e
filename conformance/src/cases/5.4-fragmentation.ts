import { noise, prose, utf8 } from '../wire/bytes.js'
import type { FrameSpec } from '../wire/frame.js'
import {
  binary,
  close,
  cont,
  fails,
  getBinary,
  getClose,
  getPong,
  getText,
  MORE,
  message,
  ping,
  pong,
  send,
  Topic,
  text,
} from './build.js'

const good = new Topic('5.4-fragments', 'RFC 6455 §5.4')
const whole = (title: string, frames: readonly FrameSpec[], payload: string) =>
  good.add({ title, steps: [send(...frames), getText(payload)] })

whole('two fragments', [text('hel', MORE), cont('lo')], 'hello')
whole('three fragments', [text('h', MORE), cont('ell', MORE), cont('o')], 'hello')
whole('an empty first fragment', [text('', MORE), cont('hello')], 'hello')
whole('an empty last fragment', [text('hello', MORE), cont('')], 'hello')
whole(
  'empty fragments between others',
  [text('he', MORE), cont('', MORE), cont('', MORE), cont('llo')],
  'hello',
)
whole('nothing but empty fragments', [text('', MORE), cont('', MORE), cont('')], '')
good
  .add({
    title: 'a binary message in two fragments',
    steps: [
      send(binary(noise(100), MORE), cont(noise(100, 2))),
      getBinary(new Uint8Array([...noise(100), ...noise(100, 2)])),
    ],
  })
  .add({
    title: 'one octet a fragment, 300 of them',
    steps: [
      send(
        binary('', MORE),
        ...Array.from(noise(300), (octet) => cont(Uint8Array.of(octet), MORE)),
        cont(''),
      ),
      getBinary(noise(300)),
    ],
  })
  .add({
    title: '70,000 octets in fragments of 997',
    steps: [
      send(message('binary', noise(70_000), { cuts: Array.from({ length: 70 }, (_, i) => (i + 1) * 997) })),
      getBinary(noise(70_000)),
    ],
  })
  .add({
    title: 'fragments at the borders of the length forms',
    steps: [send(message('text', prose(65_900), { cuts: [125, 251, 65_786] })), getText(prose(65_900))],
  })
  .add({
    title: 'nothing comes back before the last fragment',
    steps: [send(text('hel', MORE), ping('now')), getPong('now'), send(cont('lo')), getText('hello')],
  })
  .add({
    title: 'two fragmented messages one after the other',
    steps: [send(text('a', MORE), cont('b'), binary('c', MORE), cont('d')), getText('ab'), getBinary('cd')],
  })
  .add({
    title: 'a message in one frame after a fragmented one',
    steps: [send(text('a', MORE), cont('b'), text('c')), getText('ab'), getText('c')],
  })

const between = new Topic('5.4-interleaved', 'RFC 6455 §5.4')
between
  .add({
    title: 'a ping between two fragments is answered before the message',
    steps: [send(text('hel', MORE), ping('p'), cont('lo')), getPong('p'), getText('hello')],
  })
  .add({
    title: 'a ping in every gap',
    steps: [
      send(text('h', MORE), ping('1'), cont('e', MORE), ping('2'), cont('llo', MORE), ping('3'), cont('')),
      getPong('1'),
      getPong('2'),
      getPong('3'),
      getText('hello'),
    ],
    level: 'should',
  })
  .add({
    title: 'a ping with 125 octets between fragments',
    steps: [send(binary('a', MORE), ping(noise(125)), cont('b')), getPong(noise(125)), getBinary('ab')],
  })
  .add({
    title: 'an empty ping between empty fragments',
    steps: [send(text('', MORE), ping(), cont('')), getPong(''), getText('')],
  })
  .add({
    title: 'a pong between fragments is ignored',
    steps: [send(text('hel', MORE), pong('unasked'), cont('lo')), getText('hello')],
  })
  .add({
    title: 'a Close between fragments ends the connection without the message',
    steps: [send(text('hel', MORE), close(1000), cont('lo')), getClose(1000)],
  })
  .add({
    title: 'a code point is split around a ping',
    steps: [
      send(text(utf8('€').subarray(0, 1), MORE), ping('p'), cont(utf8('€').subarray(1))),
      getPong('p'),
      getText('€'),
    ],
  })

const bad = new Topic('5.4-broken', 'RFC 6455 §5.4')
const refuse = (title: string, ...frames: readonly FrameSpec[]) =>
  bad.add({ title, steps: [send(...frames), fails(1002)] })

refuse('a continuation of nothing', cont('lost'))
refuse('an empty continuation of nothing', cont(''))
refuse('a continuation of nothing without FIN', cont('lost', MORE))
refuse('a continuation of nothing, and then a message', cont('lost'), text('hello'))
refuse('text inside a fragmented message', text('one', MORE), text('two'))
refuse('binary inside a fragmented message', text('one', MORE), binary('two'))
refuse('text inside a fragmented binary message', binary('one', MORE), text('two'))
refuse('unfinished text inside a fragmented message', text('one', MORE), text('two', MORE), cont('three'))
refuse('text after an empty first fragment', text('', MORE), text('two'))
refuse(
  'text after several fragments',
  text('one', MORE),
  cont('two', MORE),
  cont('three', MORE),
  text('four'),
)
refuse('text after a fragment and a ping', binary('one', MORE), pong(''), text('two'))
bad
  .add({
    title: 'a continuation after a message that was whole',
    steps: [send(text('whole'), cont('more')), getText('whole'), fails(1002)],
  })
  .add({
    title: 'a continuation after the last fragment',
    steps: [send(text('hel', MORE), cont('lo'), cont('more')), getText('hello'), fails(1002)],
  })
  .add({
    title: 'a continuation after a ping only',
    steps: [send(ping('p'), cont('more')), getPong('p'), fails(1002)],
  })

export const fragmentation = [...good.cases, ...between.cases, ...bad.cases]
