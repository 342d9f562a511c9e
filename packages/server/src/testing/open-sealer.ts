import type { Sealer } from '../hub/index.js'
import { openSigner } from './open-signer.js'

/** Texts that anybody could read and make, the same in every run, for tests and simulations: they keep nothing secret. */
export const openSealer: Sealer = {
  seal: (secret, text) => `${openSigner.sign(secret, text)}.${text}`,
  open(secret, sealed) {
    const [code = '', ...rest] = sealed.split('.')
    const text = rest.join('.')
    return openSigner.verify(secret, text, code) ? text : undefined
  },
}
