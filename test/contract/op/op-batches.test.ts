import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { inspect } from 'node:util'
import { LocketError } from '../../../src/core/vocabulary/errors.ts'
import type { SecretRef } from '../../../src/core/vocabulary/ref.ts'
import type { Outcome, Outcomes } from '../../../src/core/vocabulary/resolve.ts'
import { openSourceFiles } from '../../../src/host/sources/source-files.ts'
import type { ProviderClient } from '../../../src/providers/define.ts'
import { Asked, sdkFailureOf } from '../../../src/providers/op/sdk-calls.ts'
import type { Answered, Response } from '../../../src/providers/op/sdk-calls.ts'
import { op } from '../../../src/providers/op/op.ts'
import { createFencedLibrary } from '../../fakes/fenced-library.ts'
import type { FencedLibrary } from '../../fakes/fenced-library.ts'
import { createManualClock } from '../../fakes/manual-clock.ts'
import type { ManualClock } from '../../fakes/manual-clock.ts'
import { createRecordingLog } from '../../fakes/recording-log.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { parsed, settingsOf } from '../provider/provider-attempt.ts'
import type { SettingTexts } from '../provider/provider-backend.ts'
import { subject } from './op-server.ts'

// Tests how locket reads the SDK's answers after a login. Only 1Password can answer a login, so a library
// with the same interface (`sdk-calls.ts`) replaces the process with the SDK.

const SIGNAL = AbortSignal.timeout(20_000)
const TOKEN = 'ops_canary-token'
const NONE = { env: {}, hiddenNames: new Set<string>() }

interface Account {
  /** `METHOD TOKEN REFERENCES…` of every call. */
  readonly calls: string[]
  readonly secrets: Map<string, Response>
  /** The errors of the next calls, in order. */
  readonly failures: (LocketError | undefined)[]
  requestsPerCall: number
  /** Calls that are not answered. */
  isSilent: boolean
}

interface World {
  readonly account: Account
  readonly clock: ManualClock
  readonly library: FencedLibrary
  readonly client: ProviderClient
  readonly tokenFile: string
  readonly fetch: (...texts: string[]) => Promise<Outcome[]>
}

async function world(t: TestContext, texts: SettingTexts = {}): Promise<World> {
  const account: Account = {
    calls: [],
    secrets: new Map(),
    failures: [],
    requestsPerCall: 1,
    isSilent: false,
  }
  const library = createFencedLibrary(() => ({
    login: (asked) => answer('login', Asked.parse(asked)),
    resolve: (asked) => answer('resolve', Asked.parse(asked)),
  }))
  function answer(method: string, { token, references }: Asked): Promise<Answered> {
    account.calls.push([method, token, ...references].join(' '))
    const failure = account.failures.shift()
    const responses = new Map(
      references.map((key) => [key, account.secrets.get(key) ?? { error: 'itemNotFound' }]),
    )
    if (account.isSilent) return new Promise(() => undefined)
    const requests = account.requestsPerCall
    return Promise.resolve(
      failure === undefined
        ? { requests, responses }
        : { requests, responses: new Map(), failure: sdkFailureOf(failure) },
    )
  }
  const tokenFile = join(await temporaryFolder(t), 'token')
  await writeFile(tokenFile, TOKEN)
  const clock = createManualClock()
  const log = createRecordingLog()
  const settings = settingsOf(subject, { token: `file:${tokenFile}`, ...texts })
  const deps = { ...NONE, clock, emit: log.emit, files: openSourceFiles(), startWorker: library.startWorker }
  const client = await op.open(settings as Parameters<typeof op.open>[0], deps, 'op')
  t.after(() => client[Symbol.asyncDispose]())
  const fetch = async (...references: string[]): Promise<Outcome[]> => {
    const refs: SecretRef[] = references.map((text) => parsed(subject, text))
    const outcomes: Outcomes = await client.fetch(refs, SIGNAL)
    assert.doesNotMatch(inspect([outcomes, log.lines, client], { depth: 9, showHidden: true }), /canary/)
    return refs.map((ref) => outcomes.get(ref.id) ?? assert.fail('no outcome'))
  }
  return { account, clock, library, client, tokenFile, fetch }
}

function put({ secrets }: Account, key: string, value: string): void {
  secrets.set(key, { value: new TextEncoder().encode(value) })
}

function read(outcomes: readonly Outcome[]): string[] {
  return outcomes.map((outcome) =>
    outcome.ok ? new TextDecoder().decode(outcome.secret.value.reveal()) : outcome.error.code,
  )
}

test('a batch is one login and one call, with each reference once; the next is one call', async (t) => {
  const { account, fetch, library } = await world(t)
  put(account, 'op://v/i/a', 'canary-a')
  put(account, 'op://v/i/empty', '')
  const texts = ['op://v/i/a', 'op://v/i/empty', 'op://v/i/a', 'OP://v/%69/a', 'op://v/i/none']
  assert.equal(library.started(), 0)
  assert.deepEqual(read(await fetch(...texts)), ['canary-a', '', 'canary-a', 'canary-a', 'not_found'])
  assert.deepEqual(read(await fetch('op://v/i/a')), ['canary-a'])
  assert.deepEqual(account.calls, [
    `login ${TOKEN}`,
    `resolve ${TOKEN} op://v/i/a op://v/i/empty op://v/i/none`,
    `resolve ${TOKEN} op://v/i/a`,
  ])
  assert.equal(library.started(), 1)
})

test('asking for nothing starts nothing', async (t) => {
  const { fetch, library } = await world(t)
  assert.deepEqual(await fetch(), [])
  assert.equal(library.started(), 0)
})

test('a one-time password is fleeting, and nothing else', async (t) => {
  const { account, fetch } = await world(t)
  for (const key of ['op://v/i/f?attribute=otp', 'op://v/i/f', 'op://v/i/f?ssh-format=openssh'])
    put(account, key, 'canary')
  const outcomes = await fetch('op://v/i/f?attribute=totp', 'op://v/i/f', 'op://v/i/f?ssh-format=openssh')
  assert.deepEqual(
    outcomes.map((outcome) => outcome.ok && outcome.secret.isFleeting === true),
    [true, false, false],
  )
})

test('more than a hundred references take a call for each hundred', async (t) => {
  const { account, fetch } = await world(t)
  const texts = Array.from({ length: 250 }, (_, index) => `op://v/i/${index}`)
  for (const key of texts) put(account, key, `canary-${key}`)
  assert.deepEqual(
    read(await fetch(...texts)),
    texts.map((key) => `canary-${key}`),
  )
  assert.deepEqual(
    account.calls.map((call) => call.split(' ').length - 2),
    [0, 100, 100, 50],
  )
})

test('an ended session is created again once, and earlier values are not fetched again', async (t) => {
  const { account, fetch } = await world(t)
  const texts = Array.from({ length: 120 }, (_, index) => `op://v/i/${index}`)
  for (const key of texts) put(account, key, 'canary')
  await fetch('op://v/i/0')
  account.calls.length = 0
  account.failures.push(undefined, new LocketError('auth', 'op: it is over'))
  assert.ok(read(await fetch(...texts)).every((value) => value === 'canary'))
  assert.deepEqual(
    account.calls.map((call) => `${call.split(' ')[0]} ${call.split(' ').length - 2}`),
    ['resolve 100', 'resolve 20', 'login 0', 'resolve 20'],
  )
})

test('a token that is refused right after its login is not asked about again for a minute', async (t) => {
  const { account, fetch, clock, tokenFile } = await world(t)
  const refused = new LocketError('auth', 'op does not accept the credential')
  account.failures.push(undefined, refused)
  assert.deepEqual(read(await fetch('op://v/i/a')), ['auth'])
  assert.deepEqual(read(await fetch('op://v/i/a')), ['auth'])
  assert.equal(account.calls.length, 2)
  await clock.advance(60_000)
  account.failures.push(new LocketError('denied', 'op does not let it in'))
  assert.deepEqual(read(await fetch('op://v/i/a')), ['denied'])
  assert.deepEqual(read(await fetch('op://v/i/a')), ['denied'])
  assert.equal(account.calls.length, 3)
  await writeFile(tokenFile, `${TOKEN}-new`)
  assert.deepEqual(read(await fetch('op://v/i/a')), ['not_found'])
  assert.deepEqual(account.calls.slice(3), [`login ${TOKEN}-new`, `resolve ${TOKEN}-new op://v/i/a`])
})

test('a crash costs the call under way, and the next does without another login here', async (t) => {
  const { account, fetch, library } = await world(t)
  put(account, 'op://v/i/a', 'canary-a')
  await fetch('op://v/i/a')
  account.isSilent = true
  const lost = fetch('op://v/i/a')
  while (account.calls.length < 3) await new Promise((done) => setImmediate(done))
  library.crash()
  assert.deepEqual(read(await lost), ['unavailable'])
  account.isSilent = false
  assert.deepEqual(read(await fetch('op://v/i/a')), ['canary-a'])
  assert.equal(library.started(), 2)
  // The new process has the token with the call: it logs in by itself.
  assert.equal(account.calls.at(-1), `resolve ${TOKEN} op://v/i/a`)
})

test('every request that the SDK made counts, for Status and for the rate', async (t) => {
  const { account, fetch, client } = await world(t, { maxRate: '10/h' })
  put(account, 'op://v/i/a', 'canary')
  account.requestsPerCall = 3
  await fetch('op://v/i/a')
  assert.equal(client.status()?.requestsLastHour, 6)
  await fetch('op://v/i/a')
  await fetch('op://v/i/a')
  assert.deepEqual(read(await fetch('op://v/i/a')), ['rate_limited'])
  assert.equal(account.calls.length, 4)
})

test('a limit that the service tells of holds everything back', async (t) => {
  const { account, fetch } = await world(t)
  account.failures.push(
    undefined,
    new LocketError('rate_limited', 'op asks for fewer requests', { retryAfterMs: 90_000 }),
  )
  assert.deepEqual(read(await fetch('op://v/i/a')), ['rate_limited'])
  assert.deepEqual(read(await fetch('op://v/i/b')), ['rate_limited'])
  assert.equal(account.calls.length, 2)
})

test('no more calls at once than the setting says', async (t) => {
  const { account, fetch, client } = await world(t, { maxConcurrent: '2' })
  await fetch('op://v/i/a')
  account.isSilent = true
  const stop = new AbortController()
  const refs = ['a', 'b', 'c', 'd'].map((name) => parsed(subject, `op://v/i/${name}`))
  const pending = refs.map((ref) => client.fetch([ref], stop.signal))
  for (let turn = 0; turn < 200; turn += 1) await new Promise((done) => setImmediate(done))
  assert.equal(account.calls.length, 2 + 2)
  stop.abort()
  const codes = (await Promise.all(pending)).flatMap((outcomes) => read([...outcomes.values()]))
  assert.deepEqual(codes, Array(4).fill('aborted'))
})

test('a probe is one login, also when there is a session', async (t) => {
  const { account, client, fetch } = await world(t)
  await client.probe(SIGNAL)
  assert.deepEqual(account.calls, [`login ${TOKEN}`])
  await fetch('op://v/i/a')
  await client.probe(SIGNAL)
  assert.deepEqual(account.calls.slice(1), [`resolve ${TOKEN} op://v/i/a`, `login ${TOKEN}`])
  const refused = new LocketError('auth', 'op does not accept the credential')
  account.failures.push(refused, refused)
  await assert.rejects(client.probe(SIGNAL), { code: 'auth' })
})

test('an answer of another shape is internal', async () => {
  const library = createFencedLibrary(() => ({ login: async () => ({ requests: 'canary' }) }))
  const deps = {
    ...NONE,
    clock: createManualClock(),
    emit: createRecordingLog().emit,
    files: openSourceFiles(),
    startWorker: library.startWorker,
  }
  const settings = settingsOf(subject, { token: TOKEN })
  await using client = await op.open(settings as Parameters<typeof op.open>[0], deps, 'op')
  const outcomes = await client.fetch([parsed(subject, 'op://v/i/a')], SIGNAL)
  assert.deepEqual(read([...outcomes.values()]), ['internal'])
  assert.doesNotMatch(inspect(outcomes, { depth: 9 }), /canary/)
})
