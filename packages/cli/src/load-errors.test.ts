import { expect, test } from 'vitest'
import { whyNotLoaded } from './load-errors.js'

const failed = (code: string, message: string) => Object.assign(new Error(message), { code })

test.each([
  [
    'ERR_UNKNOWN_FILE_EXTENSION',
    'api.ts',
    /^api\.ts is TypeScript, which Node [\d.]+ does not read; 22\.18 .* dist\/api\.js/s,
  ],
  [
    'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX',
    'api.ts',
    /^api\.ts has TypeScript that Node does not read by itself \(a word\)/,
  ],
  [
    'ERR_MODULE_NOT_FOUND',
    'api.ts',
    /^api\.ts imports what is not there: a word\. .* no 'x\.ts' for 'x\.js'\. Either/s,
  ],
  ['ERR_MODULE_NOT_FOUND', 'api.js', /^api\.js imports what is not there: a word$/],
  ['ERR_UNKNOWN_FILE_EXTENSION', 'api.txt', /^api\.txt failed while it was loaded: Error: a word\n\s+at /],
])('%s of %s', (code, file, message) => {
  expect(whyNotLoaded(file, failed(code, 'a word'))).toMatch(message)
})

test('what a module throws is told with its place, without those of the platform', () => {
  const error = new TypeError('no such pattern')
  error.stack = [
    'TypeError: no such pattern',
    '    at file:///app/api.js:3:7',
    '    at ModuleJob.run (node:internal/modules/esm/module_job:1:1)',
    '    at node:internal/main:2:2',
  ].join('\n')
  expect(whyNotLoaded('api.js', error)).toBe(
    'api.js failed while it was loaded: TypeError: no such pattern\n    at file:///app/api.js:3:7',
  )
  expect(whyNotLoaded('api.js', new SyntaxError("Unexpected token '='"))).toBe(
    "api.js, or what it imports, cannot be read: Unexpected token '='. Where that is, Node says itself: node api.js",
  )
})

test('a module may throw anything', () => {
  expect(whyNotLoaded('api.js', 'no')).toBe('api.js failed while it was loaded: no')
  expect(whyNotLoaded('api.js', undefined)).toBe('api.js failed while it was loaded: undefined')
})
