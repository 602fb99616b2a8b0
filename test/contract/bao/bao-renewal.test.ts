import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { NEVER } from '../../../src/app/volume/driver.ts'
import { createManualClock } from '../../fakes/manual-clock.ts'
import { appRole, startBaoServer } from '../../fixtures/servers/bao.ts'
import { engineOf, mountOf } from '../../fixtures/servers/bao-data.ts'
import { open, parsed } from '../provider/provider-attempt.ts'
import { ROLE_ID, SECRET_ID, subject } from './bao-server.ts'

const HOUR_MS = 3_600_000

/** A server whose clock is that of the client. */
async function onClock(t: TestContext, token: { readonly ttl: number; readonly maxTtl: number }) {
  const clock = createManualClock()
  const fields = (count: number) => ({ password: `canary-9f2c-value-${count}` })
  const app = { ttlSeconds: 7200, maxTtlSeconds: 86_400, fields }
  const server = await startBaoServer({
    data: {
      mounts: [mountOf('secret', 2, { app: { key: 'one' } }), engineOf('database', 'database', { app })],
    },
    logins: [appRole({ roleId: ROLE_ID, secretIds: new Set([SECRET_ID]) })],
  })
  const { knobs } = server
  Object.assign(knobs, { now: () => clock.now(), tokenTtl: token.ttl, tokenMaxTtl: token.maxTtl })
  const settings = { url: server.url, roleId: ROLE_ID, secretId: SECRET_ID }
  const rest = { put: () => Promise.reject(new Error('not used')), missing: '', canaries: [], knobs: {} }
  const opened = await open(subject, { settings, ...rest, deps: { clock } })
  t.after(async () => {
    await opened[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })
  const fetch = async (text: string) => {
    const [outcome] = [...(await opened.client.fetch([parsed(subject, text)], NEVER)).values()]
    return outcome?.ok === true ? outcome.secret : assert.fail(outcome?.error.message)
  }
  const counted = (ending: string) => server.requests.filter((one) => one.endsWith(ending)).length
  return {
    clock,
    server,
    fetch,
    leases: opened.client.leases ?? assert.fail('no leases'),
    read: async () => Buffer.from((await fetch('bao://secret/app/key')).value.reveal()).toString(),
    counts: () => ({ logins: counted('/login'), renewals: counted('/renew-self') }),
  }
}

test('a token that can be renewed is renewed for all its life, and not replaced by a login', async (t) => {
  const { clock, read, counts } = await onClock(t, { ttl: 3600, maxTtl: 86_400 })
  for (let minutes = 0; minutes < 12 * 60; minutes += 10) {
    assert.equal(await read(), 'one')
    await clock.advance(HOUR_MS / 6)
  }
  const { logins, renewals } = counts()
  assert.equal(logins, 1)
  assert.ok(renewals >= 10 && renewals <= 18, `${renewals} renewals`)
})

test('a token at its longest life is replaced by a login before it ends', async (t) => {
  const { clock, read, counts } = await onClock(t, { ttl: 3600, maxTtl: 7200 })
  for (let minutes = 0; minutes < 240; minutes += 5) {
    assert.equal(await read(), 'one')
    await clock.advance(HOUR_MS / 12)
  }
  const { logins, renewals } = counts()
  assert.ok(logins >= 2 && logins <= 4, `${logins} logins`)
  assert.ok(renewals >= 2, `${renewals} renewals`)
})

test('while the server is out of reach, a token that is still valid is used on', async (t) => {
  const { clock, server, read, counts } = await onClock(t, { ttl: 3600, maxTtl: 86_400 })
  assert.equal(await read(), 'one')
  await clock.advance(45 * 60_000)
  server.knobs.failNext.push(...Array.from({ length: 1 }, () => ({ status: 400 })))
  server.knobs.logins.length = 0
  assert.equal(await read(), 'one')
  assert.deepEqual(counts().renewals, 1)
})

test('a batch token is not renewed: a login comes in its place', async (t) => {
  const { clock, server, read, counts } = await onClock(t, { ttl: 3600, maxTtl: 3600 })
  server.knobs.extraAuth = { renewable: false }
  assert.equal(await read(), 'one')
  await clock.advance(45 * 60_000)
  assert.equal(await read(), 'one')
  assert.deepEqual(counts(), { logins: 2, renewals: 0 })
})

test('a lease ends no later than the token that it was issued with', async (t) => {
  const { clock, fetch, leases, server } = await onClock(t, { ttl: 3600, maxTtl: 5400 })
  const { lease } = await fetch('bao://database/creds/app/password')
  assert.ok(lease !== undefined)
  assert.equal(lease.expiresAt, clock.now() + HOUR_MS)
  await clock.advance((2 * HOUR_MS) / 3 + 1000)
  const renewed = await leases.renew(lease, NEVER)
  assert.ok(renewed !== undefined)
  // The token was renewed first, up to its longest life.
  assert.ok(renewed.expiresAt > lease.expiresAt && renewed.expiresAt < lease.expiresAt + HOUR_MS)
  assert.equal(server.leases.live().length, 1)
  await clock.advance(HOUR_MS)
  assert.equal(server.leases.live().length, 0)
})
