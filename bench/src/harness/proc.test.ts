import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseBusy, parseCores, parseOpenFiles, parsePeak, parseResident, parseStat } from './proc.js'

describe('/proc', () => {
  it('reads user and system time, whatever the command is called', () => {
    const stat = '7314 (a) b (c 1) S 1 7314 7314 0 -1 4194304 100 0 0 0 1234 567 8 9 20 0 11 0 12345'
    expect(parseStat(stat)).toEqual({ user: 12.34, system: 5.67 })
  })

  it('adds up what the cores did, but not their idling, their waiting and time that was stolen from them', () => {
    expect(parseBusy('cpu  100 20 3000 40000 500000 6 70 8000000 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n')).toBe(
      31.96,
    )
  })

  it('reads resident memory and its peak', () => {
    const status = 'VmHWM:\t   99 kB\nVmRSS:\t   54321 kB\nRssAnon:\t 1 kB\n'
    expect(parseResident(status)).toBe(54_321 * 1024)
    expect(parsePeak(status)).toBe(99 * 1024)
  })

  it.each([
    ['0-1', [0, 1]],
    ['3', [3]],
    ['0,2-4,7', [0, 2, 3, 4, 7]],
  ])('reads the cores %s', (list, cores) => {
    expect(parseCores(`Cpus_allowed:\t3\nCpus_allowed_list:\t${list}\n`)).toEqual(cores)
  })

  it('reads the limit on open files', () => {
    expect(
      parseOpenFiles('Max open files            1024                 20000                files     \n'),
    ).toBe(20_000)
    expect(
      parseOpenFiles('Max open files            1024                 unlimited            files     \n'),
    ).toBe(Infinity)
  })

  it('throws on what it cannot read', () => {
    expect(() => parseStat('nothing')).toThrow('stat')
    expect(() => parseBusy('')).toThrow('/proc/stat')
    expect(() => parseResident('')).toThrow('VmRSS')
    expect(() => parsePeak('')).toThrow('VmHWM')
    expect(() => parseOpenFiles('')).toThrow('open files')
  })

  it.runIf(process.platform === 'linux')('reads this process', () => {
    const own = (file: string): string => readFileSync(`/proc/self/${file}`, 'latin1')
    expect(parseStat(own('stat')).user).toBeGreaterThan(0)
    expect(parseBusy(readFileSync('/proc/stat', 'latin1'))).toBeGreaterThan(0)
    expect(parseResident(own('status'))).toBeGreaterThan(1024 * 1024)
    expect(parseCores(own('status')).length).toBeGreaterThan(0)
    expect(parseOpenFiles(own('limits'))).toBeGreaterThan(0)
  })
})
