import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

/**
 * How expensive a guess is: 32 MiB and some 300 ms of one core, of the strength that OWASP's Password Storage Cheat Sheet asks for. The memory is
 * 128 · N · r bytes (RFC 7914 §2); node:crypto wants to be allowed a little more.
 */
const COST = { N: 2 ** 15, r: 8, p: 3, maxmem: 64 * 1024 * 1024 }
const SALT_BYTES = 16
const KEY_BYTES = 32

/** Hashes as they are stored: `$scrypt$ln=15,r=8,p=3$salt$key`, N being 2 to the power of ln, salt and key in base64url. */
const PREFIX = '$scrypt$ln=15,r=8,p=3$'
export const HASH = /^\$scrypt\$ln=15,r=8,p=3\$[\w-]{22}\$[\w-]{43}$/

/** A password that was never set: checking it takes as long as checking any other, and fails. */
const NONE = `${PREFIX}${'A'.repeat(22)}$${'A'.repeat(43)}`

/** The same password may be typed as different code points: Unicode's NFKC makes them one (NIST SP 800-63B §3.1.1.2). */
const keyOf = (password: string, salt: Buffer): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, KEY_BYTES, COST, (error, key) => {
      if (error === null) resolve(key)
      else reject(error)
    })
  })

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  const key = await keyOf(password, salt)
  return `${PREFIX}${salt.toString('base64url')}$${key.toString('base64url')}`
}

/** So many may wait for their check; what is beyond them is refused, not piled up. */
const WAITING_AT_MOST = 10

/** Checks passwords one after another: each takes a core and much memory. */
export class PasswordChecks {
  readonly #isRight: typeof isRight
  #tail: Promise<unknown> = Promise.resolve()
  #waiting = 0

  constructor(check = isRight) {
    this.#isRight = check
  }

  get isBusy(): boolean {
    return this.#waiting >= WAITING_AT_MOST
  }

  /** Whether the password is the one of this hash. Takes as long where there is none, so that nobody learns who has an account. */
  check(password: string, hash: string = NONE): Promise<boolean> {
    this.#waiting++
    const checked = this.#tail.then(() => this.#isRight(password, hash)).finally(() => this.#waiting--)
    this.#tail = checked.catch(() => {})
    return checked
  }
}

async function isRight(password: string, hash: string): Promise<boolean> {
  const [salt = '', key = ''] = hash.slice(PREFIX.length).split('$')
  return timingSafeEqual(await keyOf(password, Buffer.from(salt, 'base64url')), Buffer.from(key, 'base64url'))
}
