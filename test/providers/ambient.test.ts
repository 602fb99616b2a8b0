import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { LocketError } from '../../src/core/vocabulary/errors.ts'
import { Secret } from '../../src/core/vocabulary/secret.ts'
import { createHttpClient } from '../../src/providers/lib/http/http.ts'
import { createTraffic } from '../../src/providers/lib/http/traffic.ts'
import { createAmbientCredential } from '../../src/providers/lib/login/ambient.ts'
import { openNetworkProvider } from '../../src/providers/lib/network-provider.ts'
import { createManualClock } from '../fakes/manual-clock.ts'
import { json, startService, text } from '../fixtures/servers/http-fixture.ts'
import { openSourceFiles } from '../../src/host/sources/source-files.ts'
import { createRef } from '../../src/core/vocabulary/ref.ts'

const forever = () => new AbortController().signal

/** Speaks the protocol of EC2's instance metadata, version 2: a session token first, by PUT. */
async function startMetadata(t: TestContext) {
  let given = 0
  const service = await startService({
    failure: (status) => text(status, 'canary-metadata'),
    answer(request, url) {
      if (request.method === 'PUT' && url.pathname === '/latest/api/token') return text(200, 'canary-session')
      if (request.headers['x-metadata-token'] !== 'canary-session') return text(401, '')
      given += 1
      return json(200, { Token: `canary-ambient-${given}`, ExpiresInSeconds: 600 })
    },
  })
  t.after(() => service[Symbol.asyncDispose]())
  return service
}

async function setup(t: TestContext) {
  const clock = createManualClock()
  const service = await startMetadata(t)
  const traffic = createTraffic({ provider: 'x', maxConcurrent: 2, rates: [], clock })
  const http = createHttpClient({ provider: 'x', baseUrl: service.url, maxConcurrent: 2, traffic })
  t.after(() => http[Symbol.asyncDispose]())
  const credential = createAmbientCredential({
    title: 'instance metadata',
    clock,
    async ask(signal) {
      const limits = { maxBytes: 999, signal }
      const session = await http.send({ method: 'PUT', path: '/latest/api/token', headers: {}, ...limits })
      const headers = { 'x-metadata-token': Buffer.from(session).toString() }
      const answer = (await http.sendJson({ path: '/latest/credentials', headers, ...limits })) as {
        Token: string
        ExpiresInSeconds: number
      }
      return { value: Secret.fromText(answer.Token), lifetimeMs: answer.ExpiresInSeconds * 1000 }
    },
  })
  const read = async () => Buffer.from((await credential.read(forever())).reveal()).toString()
  return { clock, service, credential, read }
}

test('a credential of the platform is asked for once by all, and again shortly before it expires', async (t) => {
  const { clock, service, read } = await setup(t)
  assert.deepEqual(await Promise.all([read(), read()]), ['canary-ambient-1', 'canary-ambient-1'])
  await clock.advance(539_000)
  assert.equal(await read(), 'canary-ambient-1')
  assert.equal(service.requests.length, 2)
  await clock.advance(2000)
  assert.equal(await read(), 'canary-ambient-2')
})

test('what fails is not kept, and after dispose there is nothing to read', async (t) => {
  const { service, credential, read } = await setup(t)
  service.knobs.failStatus = 404
  await assert.rejects(read(), { code: 'not_found' })
  service.knobs.failStatus = undefined
  assert.equal(await read(), 'canary-ambient-1')
  credential[Symbol.dispose]()
  await assert.rejects(read(), {
    code: 'internal',
    message: 'there is no instance metadata after the provider was closed',
  })
})

test('a provider logs in with a credential of the platform, and again when it has expired', async (t) => {
  const { clock, credential } = await setup(t)
  const logins: string[] = []
  const server = await startService({ failure: (status) => text(status, ''), answer: () => json(200, {}) })
  t.after(() => server[Symbol.asyncDispose]())
  const deps = {
    clock,
    emit: () => undefined,
    files: openSourceFiles(),
    startWorker: () => {
      throw new LocketError('internal', 'no worker')
    },
    env: {},
    hiddenNames: new Set<string>(),
  }
  const options = { provider: 'x', deps, baseUrl: server.url, maxConcurrent: 2, maxRate: [] }
  await using client = openNetworkProvider<string, string>(
    { ...options, caCert: { setting: 'x-ca-cert', path: undefined } },
    () => ({
      credentials: [{ setting: 'x-auth', from: credential }],
      async login([secret]) {
        logins.push(Buffer.from(secret?.reveal() ?? []).toString())
        return { value: 'session' }
      },
      batch: (session) => session,
      fetchOne: async () => ({ value: Secret.fromText('v'), version: '7', expiresAt: 9 }),
    }),
  )
  const ref = createRef('x', 'a', 'x://a')
  const outcome = (await client.fetch([ref], forever())).get(ref.id)
  assert.ok(outcome?.ok === true && outcome.secret.version === '7' && outcome.secret.expiresAt === 9)
  await client.fetch([ref], forever())
  await clock.advance(541_000)
  await client.fetch([ref], forever())
  assert.deepEqual(logins, ['canary-ambient-1', 'canary-ambient-2'])
})
