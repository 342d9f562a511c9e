import type { RunningServer } from '../subjects/subject.js'
import { concat } from '../wire/bytes.js'
import { createCodec } from '../wire/compressor.js'
import { type HttpHead, readHttpHead, writeHttpHead } from '../wire/http1.js'
import { dialSocket, type Link, type LinkEnd, socketLink } from '../wire/link.js'
import type { RunContext } from './context.js'
import { deliver } from './deliver.js'
import { Inbox } from './inbox.js'
import { Mismatch } from './mismatch.js'
import { encodePieces, Peer } from './peer.js'
import type { Probe } from './probe.js'
import { judgeResponse, openingDelivery, planRequest } from './server-opening.js'

type Incoming = { readonly bytes: Uint8Array } | { readonly end: LinkEnd }

/** Dials a server subject over TCP or TLS. Undefined when the case wants a refusal and got it. */
export async function openTcp(context: RunContext, server: RunningServer): Promise<Probe | undefined> {
  const { run, transcript, delivery, deflate } = context
  const { opening } = run
  const incoming = new Inbox<Incoming>()
  let peer: Peer | undefined
  const link = socketLink(await dialSocket(server.target, 'http/1.1'), {
    data: (bytes) => (peer === undefined ? incoming.put({ bytes }) : peer.receive(bytes)),
    end: (end) => (peer === undefined ? incoming.put({ end }) : peer.ended(end)),
  })
  context.cleanup(() => link.destroy())
  const spec = opening?.kind === 'request' ? opening.request : {}
  const planned = planRequest(spec, { authority: server.authority, path: server.path(context.name), deflate })
  const head = writeHttpHead(`${planned.method} ${planned.target} ${planned.version}`, planned.headers)
  transcript.sentText(Buffer.from(head).toString('latin1'))
  const behind = encodePieces(spec.behind ?? [], 'client')
  for (const unit of behind) transcript.sent(unit)
  await sendRequest(link, { context, incoming, head, behind })
  const response = await readResponse(incoming, context)
  transcript.got(response.startLine)
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(response.startLine)?.[1] ?? 0)
  const answer = { status, head: response, offered: planned.headers, transport: 'http1' as const }
  const judged = judgeResponse(answer, opening, deflate)
  if (!judged.opened) return undefined
  const codec = judged.agreed === undefined ? {} : { codec: createCodec(judged.agreed, 'client') }
  peer = new Peer({ link, suiteIs: 'client', delivery, transcript, ...codec })
  if (response.rest.byteLength > 0) peer.receive(response.rest)
  for (const item of incoming.drain()) 'bytes' in item ? peer.receive(item.bytes) : peer.ended(item.end)
  return {
    peer,
    transcript,
    patience: context.patience,
    response,
    another: () => Promise.reject(new Error('one connection carries one WebSocket here')),
    report: () => server.report(context.name),
    destroy: () => link.destroy(),
  }
}

interface Sending {
  readonly context: RunContext
  readonly incoming: Inbox<Incoming>
  readonly head: Uint8Array
  readonly behind: readonly Uint8Array[]
}

/**
 * Sends the request, and what is to follow it whatever the answer. The request itself stops at the first octet of an
 * answer: a server that refuses early closes TCP, and writing on would turn its answer into a reset. The second turn
 * gives that octet the time to arrive.
 */
async function sendRequest(link: Link, { context, incoming, head, behind }: Sending): Promise<void> {
  const delivery = openingDelivery(context.run.opening, context.delivery)
  const write = (bytes: Uint8Array): boolean => {
    link.write(bytes)
    return true
  }
  if (delivery === 'whole') return deliver([head, ...behind], { delivery, write })
  await deliver([head], { delivery, turns: 2, write: (bytes) => incoming.waiting() === 0 && write(bytes) })
  await deliver(behind, { delivery, write })
}

async function readResponse(incoming: Inbox<Incoming>, context: RunContext): Promise<HttpHead> {
  let buffer: Uint8Array = new Uint8Array(0)
  for (;;) {
    const head = readHttpHead(buffer)
    if (head !== undefined) return head
    const next = await incoming.take(context.patience)
    if (next === undefined) throw new Mismatch('a response', 'nothing in time')
    if ('end' in next) throw new Mismatch('a response', `the end after ${buffer.byteLength} octets`)
    buffer = concat([buffer, next.bytes])
  }
}
