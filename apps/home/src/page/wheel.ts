import { type Client, type ClientState, createClient } from '@millrace/client'
import type { BannerClient } from '@millrace/client/banner'
import { type ReadonlySignal, signal } from '@preact/signals'
import type { HomeApi } from '../api.js'

/** How often a moving pointer is told, and how long the place of another one holds. */
const TELL_EVERY = 40
const POINTER_HOLDS = 3_000

/** Where somebody else points, in thousandths of the stage. */
export interface Pointer {
  readonly session: string
  readonly x: number
  readonly y: number
}

/** The newest turn of the wheel. */
export interface Turn {
  /** The publication's offset: how many turns there were. */
  readonly offset: number
  /** Milliseconds from the press to its coming back; absent for the turns of others. */
  readonly took?: number | undefined
}

const openWheel = (client: Client<HomeApi>) => client.channel('demo:wheel', { history: 1, member: {} })

/** The wheel as this page sees it: its turns, who is here, where they point, and how the connection is. */
export class Wheel {
  readonly #client = createClient<HomeApi>({ url: '/millrace' })
  readonly #channel = openWheel(this.#client)
  readonly #state = signal<ClientState>(this.#client.state)
  readonly #turn = signal<Turn | undefined>(undefined)
  readonly #seen = signal(0)
  readonly #here = signal(0)
  readonly #pointers = signal<readonly Pointer[]>([])
  readonly #pressed = new Map<string, number>()
  readonly #leaving = new Map<string, ReturnType<typeof setTimeout>>()
  #told = 0

  constructor() {
    this.#client.on('state', (state) => {
      this.#state.value = state
    })
    this.#channel.on('message', (_, { offset, id }) => this.#turned(offset, id))
    this.#channel.on('presence', ({ members, departed }) => {
      this.#here.value = members.length
      for (const { session } of departed) this.#forget(session)
    })
    this.#channel.on('ephemeral', ({ x, y }, { from }) => {
      if (from !== undefined) this.#points({ session: from.session, x, y })
    })
  }

  /** For the banner, which says how the connection is when that is worth saying. */
  get client(): BannerClient {
    return this.#client
  }
  get state(): ReadonlySignal<ClientState> {
    return this.#state
  }
  get turn(): ReadonlySignal<Turn | undefined> {
    return this.#turn
  }
  /** How many turns this page saw: what the drawing is turned by. */
  get seen(): ReadonlySignal<number> {
    return this.#seen
  }
  /** How many windows are here, this one included; 0 until it is known. */
  get here(): ReadonlySignal<number> {
    return this.#here
  }
  get pointers(): ReadonlySignal<readonly Pointer[]> {
    return this.#pointers
  }

  /** Turns the wheel for everybody. While there is no connection the turn waits. */
  push(): void {
    const id = crypto.randomUUID()
    this.#pressed.set(id, performance.now())
    this.#channel.publish({}, { id }).catch(() => this.#pressed.delete(id))
  }

  /** Tells the others where this window's pointer is, some of the time. */
  point(x: number, y: number): void {
    const now = performance.now()
    if (now - this.#told < TELL_EVERY) return
    this.#told = now
    this.#channel.sendEphemeral({ x, y }, { excludeSelf: true })
  }

  #turned(offset: number, id: string | undefined): void {
    const pressed = id === undefined ? undefined : this.#pressed.get(id)
    if (id !== undefined) this.#pressed.delete(id)
    this.#turn.value = pressed === undefined ? { offset } : { offset, took: performance.now() - pressed }
    this.#seen.value += 1
  }

  #points(pointer: Pointer): void {
    const others = this.#pointers.value.filter(({ session }) => session !== pointer.session)
    this.#pointers.value = [...others, pointer]
    clearTimeout(this.#leaving.get(pointer.session))
    this.#leaving.set(
      pointer.session,
      setTimeout(() => this.#forget(pointer.session), POINTER_HOLDS),
    )
  }

  #forget(session: string): void {
    clearTimeout(this.#leaving.get(session))
    this.#leaving.delete(session)
    this.#pointers.value = this.#pointers.value.filter((pointer) => pointer.session !== session)
  }
}
