import { Topic } from './build.js'
import { accepted, refused } from './opening.js'

/** Subprotocols and the grammar of extension lists: the same over HTTP/1.1 and HTTP/2. */

const header = (name: string, value: string) => ({ set: { [name]: value } })
const offer = (value: string) => header('Sec-WebSocket-Protocol', value)
const lines = (...values: readonly string[]) => ({
  add: values.map((value) => ['Sec-WebSocket-Protocol', value] as const),
})

const knows = { on: { role: 'server' }, options: { protocols: ['chat.v2', 'chat.v1'] } } as const
const protocol = new Topic('4.2.2-protocol', 'RFC 6455 §4.2.2', knows)
const isChosen = (title: string, request: Parameters<typeof accepted>[0], chosen: string | undefined) =>
  protocol.add({ title, opening: accepted(request, chosen === undefined ? {} : { protocol: chosen }) })

isChosen('none is answered when none is offered', {}, undefined)
isChosen('the only one offered is known', offer('chat.v1'), 'chat.v1')
isChosen('one of two known ones', offer('chat.v2, chat.v1'), 'chat.v2')
isChosen('the known one among unknown ones', offer('soap, wamp, chat.v1'), 'chat.v1')
isChosen('a list without blanks', offer('soap,chat.v1'), 'chat.v1')
isChosen('a list with much blank space', offer('soap \t,  chat.v1  '), 'chat.v1')
isChosen('a list on two lines', lines('soap', 'chat.v1'), 'chat.v1')
isChosen('none is answered when none of the offered is known', offer('soap, wamp'), undefined)
isChosen('names are compared with case', offer('CHAT.V1'), undefined)
isChosen('a name that only begins like a known one', offer('chat.v11'), undefined)
for (const [title, value] of [
  ['an empty offer', ''],
  ['a name with a blank', 'chat v1'],
  ['a name with a separator', 'chat/v1'],
  ['a name in quotes', '"chat.v1"'],
  ['a name with a semicolon', 'chat.v1; q=1'],
  ['the same name twice', 'chat.v1, chat.v1'],
] as const) {
  protocol.add({ title: `${title} is refused`, opening: refused(offer(value), [400]) })
}

const extension = new Topic('9.1-extensions', 'RFC 6455 §9.1', { on: { role: 'server' } })
const extensions = (value: string) => header('Sec-WebSocket-Extensions', value)
for (const [title, value] of [
  ['an unknown extension', 'x-unknown'],
  ['an unknown extension with parameters', 'x-unknown; a; b=1; c="d"'],
  ['several unknown extensions', 'x-one, x-two; a=b, x-three'],
  ['a name that only begins like a known one', 'permessage-deflate2'],
  ['the extension of an old draft', 'x-webkit-deflate-frame'],
] as const) {
  extension.add({
    title: `${title} is left out of the answer`,
    opening: accepted(extensions(value), { extension: { deflate: 'declined' } }),
  })
}
extension.add({
  title: 'a known extension behind an unknown one is found',
  on: { deflate: true },
  opening: accepted(extensions('x-unknown; a=b, permessage-deflate'), { extension: { deflate: 'accepted' } }),
})
extension.add({
  title: 'offers on two lines are one list',
  on: { deflate: true },
  opening: accepted(
    { ...extensions('x-unknown'), add: [['Sec-WebSocket-Extensions', 'permessage-deflate']] },
    { extension: { deflate: 'accepted' } },
  ),
})
extension.add({
  title: 'a token in quotes is the token',
  level: 'should',
  on: { deflate: true },
  opening: accepted(extensions('permessage-deflate; server_max_window_bits="10"'), {
    extension: { deflate: 'accepted', agreed: { serverMaxWindowBits: 10 } },
  }),
})
for (const [title, value] of [
  ['an empty list', ''],
  ['only a comma', ','],
  ['a list that ends with a semicolon', 'permessage-deflate;'],
  ['an empty parameter', 'permessage-deflate;;client_max_window_bits'],
  ['a parameter without a name', 'permessage-deflate; =10'],
  ['a parameter with an empty value', 'permessage-deflate; server_max_window_bits='],
  ['an unfinished quoted string', 'permessage-deflate; server_max_window_bits="10'],
  ['an empty quoted string', 'permessage-deflate; server_max_window_bits=""'],
  ['a quoted string that is no token', 'permessage-deflate; server_max_window_bits="1 0"'],
  ['two names with a blank between', 'permessage-deflate x-other'],
  ['a name in quotes', '"permessage-deflate"'],
  ['a leading semicolon', '; permessage-deflate'],
  ['a separator in a name', 'permessage/deflate'],
] as const) {
  extension.add({
    title: `${title} breaks the grammar and is refused`,
    opening: refused(extensions(value), [400, 0]),
  })
}

export const negotiation = [...protocol.cases, ...extension.cases]
