import { expect, it } from 'vitest'
import { UsageError } from '../cli/arguments.js'
import { checkFiles } from './files.js'

it('lets pass what fits', () => {
  expect(() => checkFiles(5000, 1, 15_000)).not.toThrow()
  expect(() => checkFiles(1000, 3, 7000)).not.toThrow()
  expect(() => checkFiles(1_000_000, 3, Number.POSITIVE_INFINITY)).not.toThrow()
})

it('says what is needed, what there is, and what would fit', () => {
  expect(() => checkFiles(5000, 1, 3896)).toThrow(UsageError)
  expect(() => checkFiles(5000, 1, 3896)).toThrow(
    '--clients 5000: the proxy needs 3 open files for each client, 15,000 in all, and the limit here leaves 3,896: raise it (ulimit -Hn), or take at most 1298 clients',
  )
})
