import { fileURLToPath } from 'node:url'
import { run } from '../src/program.js'

const APIS = fileURLToPath(new URL('apis', import.meta.url))

/** What the program did: as a shell would tell. */
export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs the program in this process, in the folder of the tests' apis or another one. */
export async function millrace(args: readonly string[], cwd = APIS): Promise<Ran> {
  let out = ''
  let err = ''
  const code = await run(args, {
    cwd,
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
  })
  return { code, out, err }
}
