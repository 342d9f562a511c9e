import { getPong, getText, ping, Topic, text } from './build.js'
import { accepted, refused } from './opening.js'

const HTTP1 = { transports: ['tcp', 'tls'] } as const
const header = (name: string, value: string) => ({ set: { [name]: value } })

const line = new Topic('4.2.1-line', 'RFC 6455 §4.2.1', { on: HTTP1 })
line.add({ title: 'a well-formed request is accepted', opening: accepted({}) })
for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'HEAD', 'get', 'GETT']) {
  line.add({ title: `method ${method} is refused`, opening: refused({ method }) })
}
for (const version of ['HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'HTTP/1.', 'HTTP/11', 'http/1.1', 'HTTPS/1.1']) {
  line.add({ title: `version ${version} is refused`, opening: refused({ version }) })
}
line
  .add({
    title: 'the target may be an absolute URI',
    opening: accepted({ target: 'http://{authority}{path}' }),
  })
  .add({
    title: 'a target with a fragment-like, percent-encoded query',
    opening: accepted({ target: '{path}&x=%23%00%ff' }),
  })
  .add({ title: 'a target with a blank in it is refused', opening: refused({ target: '{path}&a b' }) })

const fields = new Topic('4.2.1-fields', 'RFC 6455 §4.2.1', { on: HTTP1 })
fields
  .add({ title: 'no Host is refused', opening: refused({ drop: ['Host'] }) })
  .add({
    title: 'two Hosts are refused (RFC 9112 §3.2)',
    opening: refused({ add: [['Host', 'other.example']] }),
  })
  .add({ title: 'no Upgrade is refused', opening: refused({ drop: ['Upgrade'] }) })
  .add({ title: 'Upgrade in mixed case', opening: accepted(header('Upgrade', 'WebSocket')) })
  .add({ title: 'Upgrade in upper case', opening: accepted(header('Upgrade', 'WEBSOCKET')) })
  .add({ title: 'another Upgrade is refused', opening: refused(header('Upgrade', 'h2c')) })
  .add({
    title: 'an Upgrade that only begins with websocket is refused',
    opening: refused(header('Upgrade', 'websockets')),
  })
  .add({ title: 'an empty Upgrade is refused', opening: refused(header('Upgrade', '')) })
  .add({
    title: 'Upgrade as a list that names websocket',
    level: 'should',
    opening: accepted(header('Upgrade', 'foo/2, websocket')),
  })
  .add({ title: 'no Connection is refused', opening: refused({ drop: ['Connection'] }) })
  .add({ title: 'Connection: keep-alive is refused', opening: refused(header('Connection', 'keep-alive')) })
  .add({
    title: 'a Connection that only begins with Upgrade is refused',
    opening: refused(header('Connection', 'Upgraded')),
  })
  .add({ title: 'Connection in lower case', opening: accepted(header('Connection', 'upgrade')) })
  .add({ title: 'Connection in upper case', opening: accepted(header('Connection', 'UPGRADE')) })
  .add({
    title: 'Connection as a list, as Firefox sends it',
    opening: accepted(header('Connection', 'keep-alive, Upgrade')),
  })
  .add({
    title: 'Connection as a list without blanks',
    opening: accepted(header('Connection', 'Upgrade,keep-alive')),
  })
  .add({
    title: 'Connection on two lines',
    opening: accepted({ ...header('Connection', 'keep-alive'), add: [['Connection', 'Upgrade']] }),
  })
  .add({
    title: 'field names in any case',
    opening: accepted({
      drop: ['Upgrade', 'Connection', 'Sec-WebSocket-Version'],
      add: [
        ['UPGRADE', 'websocket'],
        ['connection', 'Upgrade'],
        ['sec-websocket-version', '13'],
      ],
    }),
  })
  .add({
    title: 'unknown fields, cookies and a user agent are nobody’s business',
    opening: accepted({
      add: [
        ['X-Unknown', 'a'],
        ['Cookie', 'a=b; c=d'],
        ['User-Agent', 'suite'],
        ['Pragma', 'no-cache'],
      ],
    }),
  })
  .add({
    title: 'a field line without a colon is refused',
    opening: refused({ add: [['X-Bad\r\nnocolonhere\r\nX', 'y']] }),
  })
  .add({
    title: 'a field name with a blank before the colon is refused (RFC 9112 §5.1)',
    opening: refused({ add: [['X-Bad ', 'y']] }),
  })
  .add({
    title: 'a head of 64 KiB is refused',
    level: 'choice',
    opening: refused({ add: [['X-Long', 'a'.repeat(65536)]] }, [431, 400, 413]),
  })

const key = new Topic('4.2.1-key', 'RFC 6455 §4.2.1', { on: HTTP1 })
const withKey = (value: string) => header('Sec-WebSocket-Key', value)
key.add({ title: 'no key is refused', opening: refused({ drop: ['Sec-WebSocket-Key'] }, [400]) })
for (const [title, value] of [
  ['an empty key', ''],
  ['a key of 15 octets', Buffer.alloc(15, 7).toString('base64')],
  ['a key of 17 octets', Buffer.alloc(17, 7).toString('base64')],
  ['a key of 1 octet', 'AA=='],
  ['a key of 32 octets', Buffer.alloc(32, 7).toString('base64')],
  ['a key that is not base64', 'not base64 at all!!!!!!!'],
  ['a key without its padding', 'dGhlIHNhbXBsZSBub25jZQ'],
  ['a key with one sign of padding', 'dGhlIHNhbXBsZSBub25jZQ='],
  ['a key with padding inside', 'dGhlIHNhbXBs==SBub25jZQ='],
  ['a key in the URL alphabet', '-_8_-_8_-_8_-_8_-_8_-w=='],
  ['a key with a blank inside', 'dGhlIHNhbXBs ZSBub25jZQ=='],
  ['a key with quotes', '"dGhlIHNhbXBsZSBub25jZQ=="'],
] as const) {
  key.add({ title: `${title} is refused`, opening: refused(withKey(value), [400]) })
}
key
  .add({
    title: 'two equal keys are refused (§11.3.1)',
    opening: refused({ add: [['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ==']] }, [400]),
  })
  .add({
    title: 'two different keys are refused (§11.3.1)',
    opening: refused({ add: [['Sec-WebSocket-Key', 'AQIDBAUGBwgJCgsMDQ4PEA==']] }, [400]),
  })
  .add({
    title: 'a key with blanks around it',
    opening: accepted({
      drop: ['Sec-WebSocket-Key'],
      add: [['Sec-WebSocket-Key', 'AQIDBAUGBwgJCgsMDQ4PEA== \t']],
    }),
  })

const accept = new Topic('4.2.2-accept', 'RFC 6455 §4.2.2', { on: HTTP1 })
for (const [title, value] of [
  ['the sample key of §1.3', 'dGhlIHNhbXBsZSBub25jZQ=='],
  ['a key of zeroes', 'AAAAAAAAAAAAAAAAAAAAAA=='],
  ['a key of ones', '/////////////////////w=='],
  ['a key with + and /', '+/+/+/+/+/+/+/+/+/+/+w=='],
] as const) {
  accept.add({ title: `the accept value of ${title}`, opening: accepted(withKey(value)) })
}

const version = new Topic('4.2.2-version', 'RFC 6455 §4.2.2', { on: HTTP1 })
const REQUIRES_13 = ['Sec-WebSocket-Version', '13'] as const
for (const value of ['0', '7', '8', '12', '14', '25', '255', '130', '1', '3']) {
  version.add({
    title: `version ${value} is refused and 13 is named`,
    opening: refused(header('Sec-WebSocket-Version', value), [426, 400], REQUIRES_13),
  })
}
for (const [title, value] of [
  ['a version that is no number', 'thirteen'],
  ['an empty version', ''],
  ['a negative version', '-13'],
  ['a version with a leading zero', '013'],
  ['a version with a fraction', '13.0'],
  ['a list of versions', '13, 8'],
  ['a version above 255', '256'],
] as const) {
  version.add({
    title: `${title} is refused`,
    opening: refused(header('Sec-WebSocket-Version', value), [426, 400]),
  })
}
version
  .add({ title: 'no version is refused', opening: refused({ drop: ['Sec-WebSocket-Version'] }, [426, 400]) })
  .add({
    title: 'two different versions are refused (§11.3.5)',
    opening: refused({ add: [['Sec-WebSocket-Version', '8']] }, [426, 400]),
  })

const behind = new Topic('4.2-behind', 'RFC 6455 §4.2', { on: HTTP1 })
behind
  .add({
    title: 'a message right behind the request is not lost',
    level: 'choice',
    opening: accepted({ behind: [text('early')] }),
    steps: [getText('early')],
  })
  .add({
    title: 'a ping and a message right behind the request keep their order',
    level: 'choice',
    opening: accepted({ behind: [ping('p'), text('early')] }),
    steps: [getPong('p'), getText('early')],
  })

export const serverOpening = [line, fields, key, accept, version, behind].flatMap((topic) => topic.cases)
