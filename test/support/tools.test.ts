import { afterEach, expect, test, vi } from 'vitest'
import { executableAt, executableInPath, requireTool } from './tools.js'

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

const nowhere = () => undefined

test('a tool that is there is given by its path', () => {
  expect(requireTool('sh', 'it is always there')).toMatch(/\/sh$/)
  expect(requireTool('anything', 'advice', () => 'a place')).toBe('a place')
})

test('a missing tool is skipped with one line that says how to get it', () => {
  vi.stubEnv('CI', '')
  vi.stubEnv('MILLRACE_REQUIRE', '')
  const warn = vi.spyOn(console, 'warn').mockReturnValue()
  expect(requireTool('wheel', 'apt-get install wheel', nowhere)).toBeUndefined()
  expect(requireTool('wheel', 'apt-get install wheel', nowhere)).toBeUndefined()
  expect(warn.mock.calls).toEqual([['skipped: wheel is not here; to get it: apt-get install wheel']])
})

test.each([
  ['CI', 'true'],
  ['MILLRACE_REQUIRE', 'all'],
])('with %s=%s a missing tool is a failure', (name, value) => {
  vi.stubEnv('CI', '')
  vi.stubEnv(name, value)
  expect(() => requireTool('gate', 'apt-get install gate', nowhere)).toThrow(
    'gate is not here; to get it: apt-get install gate',
  )
})

test('finders see only what can be run', () => {
  expect(executableInPath('no-such-tool-at-all')).toBeUndefined()
  expect(executableAt('package.json')('package.json')).toBeUndefined()
  expect(executableAt('node_modules/.bin/tsc')('tsc')).toMatch(/node_modules\/\.bin\/tsc$/)
})
