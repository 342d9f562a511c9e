/** Names in a document: they become identifiers in generated code, so they are made of letters and digits. */

/** `chat:{room}` is `ChatRoom`, `device.command` is `DeviceCommand`. */
export const pascal = (text: string): string =>
  text
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('')

/** `ChatRoom` is `chatRoom`. */
export const camel = (name: string): string => name.slice(0, 1).toLowerCase() + name.slice(1)

/** Gives each name once. */
export class Names {
  readonly #taken = new Set<string>()

  /** Keeps a name from being given. */
  reserve(name: string): void {
    this.#taken.add(name)
  }

  /** The name, or where it is taken the name with the first number from 2 that makes it another. */
  take(name: string): string {
    let free = name
    for (let number = 2; this.#taken.has(free); number++) free = name + number
    this.#taken.add(free)
    return free
  }
}
