import { X509Certificate } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { EC, KeptLog, pem, RSA } from '../../test/tls-fixture.js'
import { until } from '../../test/websocket-fixture.js'
import { Certificates, type CertificatesOptions } from './certificates.js'
import type { TlsOptions } from './tls-parts.js'

const NEVER = 3_600_000
const SETTLE_MS = 30
const DAY = 86_400_000

let folder = ''
let open: Certificates[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-certificates-'))
})
afterEach(() => {
  for (const certificates of open) certificates.close()
  open = []
  vi.useRealTimers()
  rmSync(folder, { recursive: true })
})

/** Loads it, and keeps the certificates that a server was given since. */
async function load(source: CertificatesOptions['source'], options: Partial<CertificatesOptions> = {}) {
  const log = new KeptLog()
  const certificates = await Certificates.load({
    ...{ source, logger: log, pollMs: NEVER, settleMs: SETTLE_MS },
    ...options,
  })
  open.push(certificates)
  const given: string[] = []
  certificates.use({ setSecureContext: ({ cert }) => void given.push(String(cert).trim()) }, {})
  return { certificates, given, log }
}

const text = (pair: { readonly cert: string }): string => pem(pair.cert).trim()

/** Puts a pair's files here. */
function put(pair: typeof EC | typeof RSA, at = folder): { cert: string; key: string } {
  mkdirSync(at, { recursive: true })
  const files = { cert: join(at, 'tls.crt'), key: join(at, 'tls.key') }
  cpSync(pair.cert, files.cert)
  cpSync(pair.key, files.key)
  return files
}

/** Puts a link in another's place, as `ln -sfn` does. */
function link(target: string, path: string): void {
  symlinkSync(target, `${path}.new`)
  renameSync(`${path}.new`, path)
}

describe('files that are replaced are noticed', () => {
  it('when they are written anew', async () => {
    const { given, log } = await load(put(EC))
    put(RSA)
    await until(() => given.length > 0)
    expect(given).toEqual([text(RSA)])
    expect(log.lines).toEqual([
      `info The TLS certificate of DNS:localhost, DNS:chat.example, IP Address:127.0.0.1 is renewed: ${join(folder, 'tls.crt')}`,
    ])
  })

  it('when others are renamed to them', async () => {
    const files = put(EC)
    const { given } = await load(files)
    const next = put(RSA, join(folder, 'next'))
    renameSync(next.cert, files.cert)
    renameSync(next.key, files.key)
    await until(() => given.length > 0)
    expect(given).toEqual([text(RSA)])
  })

  it('when links lead elsewhere, as those of certbot, time and again', async () => {
    const [live, archive] = [join(folder, 'live'), join(folder, 'archive')]
    mkdirSync(live)
    const lead = (turn: number, pair: typeof EC | typeof RSA): void => {
      put(pair, join(archive, String(turn)))
      for (const name of ['tls.crt', 'tls.key']) link(`../archive/${turn}/${name}`, join(live, name))
    }
    lead(1, EC)
    const { given } = await load({ cert: join(live, 'tls.crt'), key: join(live, 'tls.key') })
    const turns = [RSA, EC, RSA]
    for (const [index, pair] of turns.entries()) {
      lead(index + 2, pair)
      await until(() => given.length > index, `turn ${index}`)
    }
    expect(given).toEqual(turns.map(text))
  })

  it('when the link to their folder leads elsewhere, as that of Kubernetes, and the old folder goes', async () => {
    put(EC, join(folder, '..one'))
    link('..one', join(folder, '..data'))
    const files = { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key') }
    symlinkSync('..data/tls.crt', files.cert)
    symlinkSync('..data/tls.key', files.key)
    const { given } = await load(files)
    put(RSA, join(folder, '..two'))
    link('..two', join(folder, '..data'))
    rmSync(join(folder, '..one'), { recursive: true })
    await until(() => given.length > 0)
    expect(given).toEqual([text(RSA)])
  })

  it('by looking, where nothing tells of it', async () => {
    // The folder that holds this link is not watched: neither the files' names nor the files are in it.
    put(EC, join(folder, 'one'))
    put(RSA, join(folder, 'two'))
    link('one', join(folder, 'current'))
    const current = join(folder, 'current')
    const files = { cert: join(current, 'tls.crt'), key: join(current, 'tls.key') }
    const { given } = await load(files, { pollMs: 40 })
    link('two', current)
    await until(() => given.length > 0)
    expect(given).toEqual([text(RSA)])
  })

  it('not any more when it is closed', async () => {
    const { certificates, given } = await load(put(EC), { pollMs: 5, settleMs: 1 })
    certificates.close()
    put(RSA)
    const other = await load(put(RSA, join(folder, 'other')), { pollMs: 5, settleMs: 1 })
    put(EC, join(folder, 'other'))
    await until(() => other.given.length > 0)
    expect(given).toEqual([])
  })
})

describe('what is broken leaves the one before in use', () => {
  it('files: it is logged once, with the reason, and the next good ones are taken', async () => {
    const files = put(EC)
    const { certificates, given, log } = await load(files, { pollMs: 20 })
    cpSync(RSA.cert, files.cert)
    await until(() => log.lines.length > 0)
    expect(log.lines).toEqual([
      expect.stringMatching(
        /^error The TLS certificate is not renewed, the one before stays in use: tls\.key: .* is not the key/,
      ),
    ])
    expect([given, String(certificates.context.cert).trim()]).toEqual([[], text(EC)])
    rmSync(files.key)
    await until(() => log.lines.length > 1)
    expect(log.lines[1]).toContain('there is no file')
    cpSync(RSA.key, files.key)
    await until(() => given.length > 0)
    expect(given).toEqual([text(RSA)])
    // Looked at every 20 ms, each state was logged once.
    expect(log.lines).toHaveLength(3)
  })

  it('a certificate that is there before its key is no mistake', async () => {
    const files = put(EC)
    const { given, log } = await load(files, { pollMs: 10, settleMs: 400 })
    cpSync(RSA.cert, files.cert)
    await new Promise((resolve) => setTimeout(resolve, 100))
    cpSync(RSA.key, files.key)
    await until(() => given.length > 0)
    expect(log.lines.map((line) => line.split(' ', 1)[0])).toEqual(['info'])
  })

  it('by hand: it rejects with the reason', async () => {
    const files = put(EC)
    const { certificates, given } = await load(files, { settleMs: NEVER })
    cpSync(RSA.key, files.key)
    await expect(certificates.reload()).rejects.toThrow(/^tls\.key: .* is not the key of the certificate/)
    expect([given, String(certificates.context.cert).trim()]).toEqual([[], text(EC)])
    put(RSA)
    await certificates.reload()
    expect(given).toEqual([text(RSA)])
  })
})

describe('a callback', () => {
  it('is asked at the start and by hand, and its errors are told', async () => {
    const answers: (() => Promise<TlsOptions> | TlsOptions)[] = [
      () => ({ cert: pem(EC.cert), key: pem(EC.key) }),
      async () => ({ cert: pem(RSA.cert), key: pem(RSA.key) }),
      () => Promise.reject(new Error('the vault is sealed')),
      () => ({ cert: pem(EC.cert) }) as TlsOptions,
    ]
    const { certificates, given } = await load(() => answers.shift()?.() ?? EC)
    await certificates.reload()
    await expect(certificates.reload()).rejects.toThrow('the vault is sealed')
    await expect(certificates.reload()).rejects.toThrow(/^tls\.key must be/)
    await certificates.reload()
    expect(given).toEqual([text(RSA), text(EC)])
  })

  it('is asked again when files it named have changed, and then its new files are watched', async () => {
    const [one, two] = [put(EC, join(folder, 'one')), put(EC, join(folder, 'two'))]
    const answers = [one, two]
    const { given } = await load(() => answers.shift() ?? two)
    put(RSA, join(folder, 'one'))
    await until(() => given.length === 1)
    put(RSA, join(folder, 'two'))
    await until(() => given.length === 2)
    expect(given).toEqual([text(EC), text(RSA)])
  })
})

describe('the end of a certificate', () => {
  const ends = Date.parse(new X509Certificate(pem(EC.cert)).validTo)
  it.each([
    [ends - 15 * DAY, []],
    [
      ends - 13.5 * DAY,
      [
        /^warn The TLS certificate of DNS:localhost.* \(.*tls\.crt\) expires on 2126-.*, within 14 days: renew it$/,
      ],
    ],
    [ends - DAY / 2, [/within a day: renew it$/]],
    [ends + DAY, [/^error .* expired on 2126-.*: clients refuse it\. Renew it$/]],
    [0, [/^error .* is not valid before 2026-.*Is the clock right\?$/]],
  ])('is told of at the start: at %d', async (now, expected) => {
    const { log } = await load(put(EC), { now: () => now })
    expect(log.lines).toEqual(expected.map((line) => expect.stringMatching(line)))
  })

  it('is told of once a day', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    let now = ends - 16 * DAY
    const { log } = await load(put(EC), { now: () => now })
    const days: number[] = []
    for (let day = 0; day < 4; day++) {
      now += DAY
      vi.advanceTimersByTime(DAY)
      days.push(log.lines.length)
    }
    expect(days).toEqual([0, 1, 2, 3])
  })
})
