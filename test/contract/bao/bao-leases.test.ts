import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { until } from '../../../scripts/engine/until.ts'
import type { Outcomes } from '../../../src/core/vocabulary/resolve.ts'
import { NEVER } from '../../../src/app/volume/driver.ts'
import { engineOf, mountOf } from '../../fixtures/servers/bao-data.ts'
import type { BaoRole } from '../../fixtures/servers/bao-leases.ts'
import { parsed } from '../provider/provider-attempt.ts'
import { onBao, subject } from './bao-server.ts'

const APP: BaoRole = {
  ttlSeconds: 600,
  maxTtlSeconds: 900,
  fields: (count) => ({ username: `user-${count}`, password: `canary-9f2c-value-${count}` }),
}
const BOTH = ['bao://database/creds/app/username', 'bao://database/creds/app/password']

async function onDatabase(t: TestContext, roles: Readonly<Record<string, BaoRole>> = { app: APP }) {
  const mounts = [engineOf('database', 'database', roles), mountOf('secret', 2, { app: { key: 'one' } })]
  const opened = await onBao(t, { mounts })
  const { client, server } = opened
  const fetch = (...texts: string[]) =>
    client.fetch(
      texts.map((text) => parsed(subject, text)),
      NEVER,
    )
  const leases = client.leases ?? assert.fail('no leases')
  return { ...opened, fetch, leases, live: () => server.leases.live().map(({ id }) => id) }
}

/** The values and the ids of the leases of a batch. */
function seen(outcomes: Outcomes) {
  const secrets = [...outcomes.values()].map((outcome) =>
    outcome.ok ? outcome.secret : assert.fail(outcome.error.message),
  )
  return {
    values: secrets.map(({ value }) => Buffer.from(value.reveal()).toString()),
    leases: secrets.map(({ lease }) => lease?.id),
    secrets,
  }
}

test('user name and password of one batch are of one lease, and each batch has its own', async (t) => {
  const { fetch, asked, live } = await onDatabase(t)
  const first = seen(await fetch(...BOTH))
  assert.deepEqual(first.values, ['user-1', 'canary-9f2c-value-1'])
  assert.deepEqual(new Set(first.leases), new Set(['database/creds/app/lease-1']))
  assert.deepEqual(asked(), [
    '/v1/database/data/creds/app',
    '/v1/sys/internal/ui/mounts/database/creds/app',
    '/v1/database/creds/app',
  ])
  const second = seen(await fetch(...BOTH))
  assert.deepEqual(second.values, ['user-2', 'canary-9f2c-value-2'])
  assert.deepEqual(asked(), ['/v1/database/creds/app'])
  assert.equal(live().length, 2)
})

test('batches at the same time have a lease each, from the first use on', async (t) => {
  const { fetch, live } = await onDatabase(t)
  for (const round of [1, 2]) {
    const answers = (await Promise.all(Array.from({ length: 5 }, () => fetch(...BOTH)))).map(seen)
    for (const { values } of answers) assert.equal(values[0]?.split('-')[1], values[1]?.split('-')[3])
    assert.equal(new Set(answers.flatMap(({ leases }) => leases)).size, 5)
    assert.equal(live().length, 5 * round)
  }
})

test('values of a KV engine have no lease', async (t) => {
  const { fetch } = await onDatabase(t)
  const { secrets } = seen(await fetch('bao://secret/app/key'))
  assert.deepEqual(
    secrets.map(({ lease, expiresAt }) => [lease, expiresAt]),
    [[undefined, undefined]],
  )
})

test('a token that may not ask for mounts reads another engine with ?kv=1', async (t) => {
  const { server, fetch } = await onDatabase(t)
  server.knobs.allowsMounts = false
  const { leases } = seen(await fetch(...BOTH.map((text) => `${text}?kv=1`)))
  assert.deepEqual(leases, ['database/creds/app/lease-1', 'database/creds/app/lease-1'])
})

test('a lease is renewed up to its longest time, and is gone after it was revoked', async (t) => {
  const { server, fetch, leases, live } = await onDatabase(t)
  let now = Date.now()
  server.knobs.now = () => now
  const [lease] = seen(await fetch(...BOTH)).secrets.map((secret) => secret.lease)
  assert.ok(lease?.isRenewable)
  now += 400_000
  const renewed = await leases.renew(lease, NEVER)
  // The client has its own clock, and the server counts whole seconds.
  assert.ok(renewed !== undefined && Math.abs(renewed.expiresAt - Date.now() - 500_000) < 30_000)
  await leases.revoke(lease.id, NEVER)
  assert.deepEqual(live(), [])
  assert.equal(await leases.renew(lease, NEVER), undefined)
  await leases.revoke(lease.id, NEVER)
})

test('a token that may not revoke leases gets the capability named', async (t) => {
  const { server, fetch, leases } = await onDatabase(t)
  const [lease] = seen(await fetch(...BOTH)).secrets.map((secret) => secret.lease)
  server.knobs.allowsRevoke = false
  await assert.rejects(leases.revoke(lease?.id ?? '', NEVER), {
    code: 'denied',
    hint: 'its policy needs the capability update on sys/leases/revoke',
  })
})

test('a lease none of whose values can be used is revoked at once', async (t) => {
  const { fetch, live, codes, server } = await onDatabase(t)
  assert.deepEqual(await codes('bao://database/creds/app/pasword'), ['not_found'])
  await until('the lease is revoked', () => server.leases.all.length === 1 && live().length === 0)
  // One value is enough to keep it.
  const outcomes = await fetch('bao://database/creds/app/pasword', 'bao://database/creds/app/password')
  assert.deepEqual(
    [...outcomes.values()].map(({ ok }) => ok),
    [false, true],
  )
  assert.equal(live().length, 1)
})

test('a role that is not there, and a path that cannot be read, are reported', async (t) => {
  const { codes, messages } = await onDatabase(t)
  const references = ['bao://database/creds/none/password', 'bao://database/config/pg/password']
  assert.deepEqual(await codes(...references), ['not_found', 'not_found'])
  const [role = '', path = ''] = await messages(...references)
  assert.match(role, /gives no values at database\/creds\/none \(status 400\) \(is there a role/)
  assert.match(path, /has nothing at database\/config\/pg/)
})
