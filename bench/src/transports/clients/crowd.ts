/** All clients of a process, each with what it heard. */
import { now, pause } from '../../common/clock.js'
import { arrivalsOf, countsOf, latencyOf } from '../../common/judge/delivery.js'
import { quantilesOf } from '../../common/judge/quantiles.js'
import { Tally } from '../../common/judge/tally.js'
import { channelOf, EVERYBODY } from '../../common/messages.js'
import type { Audience, ClientsCommand, Lost, Told } from '../commands.js'
import type { Open } from './connection.js'
import type { MakeSpeaker } from './speakers.js'

type Join = Extract<ClientsCommand, { do: 'join' }>
type Wait = Extract<ClientsCommand, { do: 'wait' }>

interface Client {
  readonly channels: readonly { readonly name: string; readonly audience: Audience }[]
  /** What it heard by each channel. */
  readonly tallies: Map<string, Tally>
  isLost: boolean
}

/** Connections that are being made at a time, at most. */
const AT_ONCE = 200
/** How often somebody looks, in milliseconds. */
const LOOK_EVERY = 20

export class Crowd {
  readonly #port: number
  readonly #open: Open
  readonly #speak: MakeSpeaker
  readonly #clients: Client[] = []
  readonly #reasons: Record<string, number> = {}

  constructor(port: number, open: Open, speak: MakeSpeaker) {
    this.#port = port
    this.#open = open
    this.#speak = speak
  }

  /** Clients whose connection ended. */
  get lost(): Lost {
    return this.#reasons
  }

  /** Spread over time, as heartbeats are from then on. Rejects with the first connection that is not made. */
  async join({ first, count, perSecond, audiences }: Join): Promise<void> {
    const from = now()
    const joining = new Set<Promise<void>>()
    for (let number = first; number < first + count; number++) {
      const late = from + ((number - first) * 1000) / perSecond - now()
      if (late > 1) await pause(late)
      while (joining.size >= AT_ONCE) await Promise.race(joining)
      const one = this.#joinOne(number, audiences).finally(() => joining.delete(one))
      joining.add(one)
    }
    await Promise.all(joining)
  }

  forget(): void {
    for (const { tallies } of this.#clients) for (const name of tallies.keys()) tallies.set(name, new Tally())
  }

  async wait({ audience, messages, patience }: Wait): Promise<void> {
    const until = now() + patience
    const lacking = (): boolean => this.#tallies(audience).some(({ heard }) => heard < messages)
    while (now() < until && lacking()) await pause(LOOK_EVERY)
  }

  tell(audience: Audience, messages: number): Told {
    const logs = this.#tallies(audience).map((tally) => tally.log())
    return {
      counts: countsOf(logs, messages),
      complete: this.#tallies(audience).filter(({ heard }) => heard >= messages).length,
      latency: quantilesOf(logs.flatMap((log) => arrivalsOf(log).map(latencyOf))) ?? null,
    }
  }

  #tallies(audience: Audience): Tally[] {
    return this.#clients.flatMap(({ channels, tallies }) =>
      channels.flatMap((channel) => (channel.audience === audience ? (tallies.get(channel.name) ?? []) : [])),
    )
  }

  #joinOne(number: number, audiences: readonly Audience[]): Promise<void> {
    const channels = audiences.map((audience) => ({
      audience,
      name: audience === 'own' ? channelOf(number) : EVERYBODY,
    }))
    const tallies = new Map(channels.map(({ name }) => [name as string, new Tally()]))
    const client: Client = { channels, tallies, isLost: false }
    this.#clients.push(client)
    return new Promise((resolve, reject) => {
      const speaker = this.#speak([...tallies.keys()], {
        ready: resolve,
        message: (name, message) => tallies.get(name)?.hear(message, now()),
        gap: (name) => tallies.get(name)?.tellGap(),
        say: (frame) => connection.say(frame),
      })
      const connection = this.#open(this.#port, {
        opened: () => {
          if (speaker.hello !== undefined) connection.say(speaker.hello)
        },
        frame: (frame) => speaker.hear(frame),
        lost: (error) => {
          if (!client.isLost) this.#reasons[error.message] = (this.#reasons[error.message] ?? 0) + 1
          client.isLost = true
          reject(error)
        },
      })
    })
  }
}
