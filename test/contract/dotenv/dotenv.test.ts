import assert from 'node:assert/strict'
import { appendFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { credentialVariables } from '../../../src/config/entries/child-environment.ts'
import { formatError } from '../../../src/core/vocabulary/errors.ts'
import { systemClock } from '../../../src/host/daemon/clock.ts'
import { dotenv } from '../../../src/providers/dotenv/dotenv.ts'
import { startWorker } from '../../../src/wire.ts'
import { createRecordingLog } from '../../fakes/recording-log.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { fieldsOf } from '../provider/provider-all.ts'
import { CANARY, codesOf, fetched, open, parsed, textsOf, within } from '../provider/provider-attempt.ts'
import type { Backend, ProviderSubject } from '../provider/provider-backend.ts'
import { providerContract } from '../provider/provider-contract.ts'

const NO_CREDENTIAL = 'the file is in the clear'
const NO_SERVER = 'a file on this machine: there is no server'
const TOKEN = 'canary-own-token-8b2e'

const subject: ProviderSubject = {
  def: dotenv,
  start: async (t) => (await dotenvFile(t)).backend,
  foreign: ['dotenv', 'dotenv:', 'dotenv:NAME', 'NAME', 'dotenvs://NAME', 'x dotenv://NAME', 'env://NAME'],
  malformed: [
    'dotenv://',
    'dotenv:///NAME',
    'dotenv://1A',
    'dotenv://A/B',
    'dotenv://A=b',
    'dotenv://A*',
    'dotenv:/A',
    'DotEnv://A',
  ],
  spellings: [['dotenv://*'], ['dotenv://A'], ['dotenv://a'], ['dotenv://A-B'], ['dotenv://A.B']],
  required: ['dotenv-path'],
  textOnly: 'a .env file is text',
  lacks: {
    badCredential: NO_CREDENTIAL,
    rotateCredential: NO_CREDENTIAL,
    expire: NO_CREDENTIAL,
    throttle: NO_SERVER,
    fail: NO_SERVER,
    failNext: NO_SERVER,
    drop: NO_SERVER,
    refuse: NO_SERVER,
    slow: NO_SERVER,
    limit: NO_SERVER,
    gauge: NO_SERVER,
    hang: 'FIFOs are refused; a test of its own hangs the port that reads files',
  },
}

providerContract(subject)

test('attack: a name of a locket credential is denied, also in a file that others write', async (t) => {
  const { backend, path } = await dotenvFile(t)
  const hidden = [...credentialVariables()]
  await appendFile(path, hidden.map((name) => `${name}=${TOKEN}\n`).join(''))
  await using opened = await open(subject, backend)
  const refs = hidden.map((name) => parsed(subject, `dotenv://${name}`))
  assert.deepEqual(
    await codesOf(opened, refs),
    hidden.map(() => 'denied'),
  )
})

test('attack: * leaves out the credentials of locket', async (t) => {
  const { backend, path } = await dotenvFile(t)
  await appendFile(path, 'APP=one\n')
  await using opened = await open(subject, backend)
  assert.deepEqual(await fieldsOf(opened, parsed(subject, 'dotenv://*')), { APP: 'one' })
})

test('the file is read again each time', async (t) => {
  const { backend, path } = await dotenvFile(t)
  await using opened = await open(subject, backend)
  const refs = [parsed(subject, 'dotenv://A')]
  for (const value of ['one', 'two']) {
    await writeFile(path, `A=${value}\n`)
    assert.deepEqual(await textsOf(opened, refs), [value])
  }
})

test('a damaged file is reported with its line, without its text', async (t) => {
  const { backend, path } = await dotenvFile(t)
  await using opened = await open(subject, backend)
  const cases: [string | Uint8Array, RegExp][] = [
    [`A=1\n${CANARY}\n`, /^dotenv: .*\/\.env: line 2: a line must be NAME=VALUE/],
    [`A="${CANARY}\n`, /: line 1: the quote " is not closed, in the value of A /],
    [Uint8Array.from([0x41, 0x3d, 0xff, 0xfe]), /\/\.env is not UTF-8 text$/],
  ]
  for (const [content, expected] of cases) {
    await writeFile(path, content)
    const [outcome] = (await fetched(opened, [parsed(subject, 'dotenv://A')])).values()
    assert.ok(outcome?.ok === false)
    assert.equal(outcome.error.code, 'config')
    assert.match(formatError(outcome.error), expected)
  }
})

test('a file that is larger than any .env file is not read', async (t) => {
  const { backend, path } = await dotenvFile(t)
  await writeFile(path, `A=${'x'.repeat(16 * 1024 * 1024)}\n`)
  await using opened = await open(subject, backend)
  assert.deepEqual(await codesOf(opened, [parsed(subject, 'dotenv://A')]), ['too_large'])
})

test('a disk that does not answer costs the deadline and no more', async () => {
  const deps = {
    clock: systemClock(),
    emit: createRecordingLog().emit,
    startWorker,
    env: {},
    hiddenNames: new Set<string>(),
  }
  const files = { read: () => new Promise<never>(() => undefined), wasRead: () => false }
  const client = await dotenv.open({ path: '/x/.env' }, { ...deps, files }, 'dotenv')
  const ref = parsed(subject, 'dotenv://A')
  const abort = new AbortController()
  for (const [signal, code] of [
    [AbortSignal.timeout(100), 'timeout'],
    [abort.signal, 'aborted'],
  ] as const) {
    const pending = client.fetch([ref], signal)
    if (code === 'aborted') abort.abort()
    const outcome = (await within(1000, pending)).get(ref.id)
    assert.equal(outcome?.ok === false && outcome.error.code, code)
  }
})

/** A `.env` file of the test's own, with locket's own token in it. */
async function dotenvFile(t: TestContext): Promise<{ readonly backend: Backend; readonly path: string }> {
  const folder = await temporaryFolder(t)
  const path = join(folder, '.env')
  await writeFile(path, `OP_CONNECT_TOKEN=${TOKEN}\n`)
  const hiddenNames = new Set(credentialVariables())
  const backend: Backend = {
    settings: { path },
    async put(name, value) {
      const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(value)
      await appendFile(
        path,
        `export CONTRACT_${name}="${text.replace(/["\\$]/g, '\\$&').replaceAll('\r', '\\r')}"\n`,
      )
      return `dotenv://CONTRACT_${name}`
    },
    async putAll(values) {
      await appendFile(
        path,
        Object.entries(values)
          .map(([name, value]) => `${name}='${value}'\n`)
          .join(''),
      )
      return 'dotenv://*'
    },
    missing: 'dotenv://CONTRACT_NOWHERE',
    canaries: [TOKEN],
    knobs: {
      forbid: async (reference) => void hiddenNames.add(reference.slice('dotenv://'.length)),
      async lateCredential() {
        const late = join(folder, 'late.env')
        return { settings: { path: late }, path: late, provide: () => rename(path, late) }
      },
    },
    deps: { env: {}, hiddenNames },
  }
  return { backend, path }
}
