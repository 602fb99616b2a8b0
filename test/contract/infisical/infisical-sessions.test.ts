import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { folderOf, inDev } from '../../fixtures/servers/infisical-data.ts'
import { CLIENT_SECRET, connected, REST } from './infisical-server.ts'

const A = `infisical:///A?${REST}`
const B = `infisical:///B?${REST}`

function start(t: TestContext, settings = {}) {
  return connected(t, inDev({ '/': folderOf({ A: 'a', B: 'b' }) }), settings)
}

function loginsOf(requests: readonly string[]): number {
  return requests.filter((request) => request.startsWith('POST ')).length
}

for (const staleAnswer of ['TokenError', 'Unauthorized'] as const) {
  test(`a token that is not accepted any more (${staleAnswer}) is renewed once, and nobody sees it`, async (t) => {
    const { server, read, asked } = await start(t)
    server.knobs.staleAnswer = staleAnswer
    assert.deepEqual(await read(A, B), ['a', 'b'])
    asked()
    server.expire()
    assert.deepEqual(await read(A, B), ['a', 'b'])
    const since = asked()
    assert.deepEqual([since.length, loginsOf(since)], [3, 1])
  })
}

test('a token near its end is renewed before it is refused', async (t) => {
  const { server, read, asked } = await start(t)
  server.knobs.ttl = 2
  assert.deepEqual(await read(A), ['a'])
  await sleep(1850)
  asked()
  assert.deepEqual(await read(A), ['a'])
  const since = asked()
  assert.deepEqual([since.length, loginsOf(since)], [2, 1])
})

test('a lifetime of 0 means no end', async (t) => {
  const { server, read, asked } = await start(t)
  server.knobs.ttl = 0
  assert.deepEqual(await read(A), ['a'])
  assert.deepEqual(await read(A), ['a'])
  assert.equal(loginsOf(asked()), 1)
})

test('a token whose uses are up is followed by another', async (t) => {
  const { server, read, asked } = await start(t)
  server.knobs.usesLimit = 2
  for (let times = 0; times < 5; times += 1) assert.deepEqual(await read(A), ['a'])
  assert.equal(loginsOf(asked()), 3)
})

test('a token that is refused at once is asked for once in a minute', async (t) => {
  const { server, codes, asked } = await start(t)
  server.knobs.ttl = 1e-6
  assert.deepEqual(await codes(A, B), ['auth', 'auth'])
  assert.deepEqual(await codes(A, B), ['auth', 'auth'])
  assert.equal(loginsOf(asked()), 1)
})

test('a wrong secret is one login in a minute, whoever asks, and locks nobody out', async (t) => {
  const { server, codes, messages, asked } = await start(t, { clientSecret: 'infisical-canary-secret-bad' })
  const answers = await Promise.all(Array.from({ length: 20 }, () => codes(A, B)))
  assert.deepEqual(new Set(answers.flat()), new Set(['auth']))
  for (let times = 0; times < 5; times += 1) await codes(A)
  assert.equal(asked().length, 1)
  assert.equal(server.knobs.isLocked, false)
  const [message] = await messages(A)
  assert.match(
    message ?? '',
    /does not accept the client id and secret \(status 401\); not asked again for .*\(are both complete, /,
  )
})

test('a locked identity is reported with the time it is locked for', async (t) => {
  const { server, codes, messages, asked } = await start(t)
  server.knobs.isLocked = true
  assert.deepEqual(await codes(A), ['auth'])
  const [message] = await messages(A)
  assert.match(message ?? '', /has locked the identity after failed logins, for 5 minutes .*\(status 401\)/)
  assert.equal(asked().length, 1)
})

test('why else a login is refused', async (t) => {
  const reasons: [RegExp, string, (knobs: Knobs) => void][] = [
    [/client secret has expired/, 'auth', (knobs) => knobs.clientSecrets.set(CLIENT_SECRET, 'expired')],
    [/reached its usage limit/, 'auth', (knobs) => knobs.clientSecrets.set(CLIENT_SECRET, 'used up')],
    [/log in from here .*trusted/, 'denied', (knobs) => (knobs.isTrusted = false)],
    [/has no universal auth .*infisical-url/, 'unavailable', (knobs) => (knobs.generation = 'page')],
    [/does not understand the request/, 'provider_protocol', (knobs) => (knobs.failStatus = 422)],
  ]
  for (const [pattern, code, prepare] of reasons) {
    const { server, client, refsOf } = await start(t)
    prepare(server.knobs)
    const [outcome] = (await client.fetch(refsOf([A]), AbortSignal.timeout(5000))).values()
    assert.ok(outcome?.ok === false)
    assert.equal(outcome.error.code, code)
    assert.match(`${outcome.error.message} ${outcome.error.hint ?? ''}`, pattern)
  }
})

test('a login is tried once, after any failure', async (t) => {
  const { server, codes, asked } = await start(t)
  server.knobs.failStatus = 503
  assert.deepEqual(await codes(A), ['unavailable'])
  assert.equal(asked().length, 1)
})

test('a probe logs in and reads nothing', async (t) => {
  const { client, asked, server } = await start(t)
  await client.probe(AbortSignal.timeout(5000))
  assert.deepEqual(asked(), ['POST /api/v1/auth/universal-auth/login'])
  const late = await start(t)
  late.server.knobs.trouble = 'hang'
  await assert.rejects(late.client.probe(AbortSignal.timeout(100)), { code: 'timeout' })
  assert.equal(server.knobs.isLocked, false)
})

type Knobs = Awaited<ReturnType<typeof start>>['server']['knobs']
