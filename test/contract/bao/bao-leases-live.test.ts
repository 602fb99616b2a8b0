import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client } from 'pg'
import { until } from '../../../scripts/engine/until.ts'
import { NEVER } from '../../../src/app/volume/driver.ts'
import { startPostgres } from '../../fixtures/servers/postgres.ts'
import { open, parsed } from '../provider/provider-attempt.ts'
import { ask, DEV_PROGRAM, idsOf, startDevServer } from './bao-dev-server.ts'
import { subject } from './bao-server.ts'

const POLICY = `
path "database/creds/*" { capabilities = ["read"] }
path "sys/leases/revoke" { capabilities = ["update"] }
`
const CREATION = `CREATE ROLE "{{name}}" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}';`

test('user and password of a real database are of one lease, until it is revoked', async (t) => {
  if (DEV_PROGRAM === undefined) return t.diagnostic('neither bao nor vault is on the PATH')
  const stopping = new AbortController()
  t.after(() => stopping.abort())
  const { address } = await startDevServer(DEV_PROGRAM, stopping.signal)
  const postgres = await startPostgres()
  const database = new URL(await postgres.createDatabase())
  database.searchParams.delete('user')
  const template = database.href.replace('//localhost', '//{{username}}:{{password}}@localhost')
  await ask(address, 'PUT', 'sys/policies/acl/locket', { policy: POLICY })
  await ask(address, 'POST', 'sys/auth/approle', { type: 'approle' })
  const role = { token_policies: 'locket', token_ttl: '6s', token_max_ttl: '1h' }
  await ask(address, 'POST', 'auth/approle/role/locket', role)
  await ask(address, 'POST', 'sys/mounts/database', { type: 'database' })
  await ask(address, 'POST', 'database/config/pg', {
    plugin_name: 'postgresql-database-plugin',
    allowed_roles: '*',
    connection_url: template,
    username: 'locket',
    password: 'unused',
  })
  const times = { default_ttl: '60s', max_ttl: '1h' }
  await ask(address, 'POST', 'database/roles/app', { db_name: 'pg', creation_statements: CREATION, ...times })

  const ids = await idsOf(address, 'locket')
  const rest = { put: () => Promise.reject(new Error('not used')), missing: '', canaries: [], knobs: {} }
  await using opened = await open(subject, { settings: { url: address, ...ids }, ...rest })
  const { client } = opened
  const refs = ['username', 'password'].map((field) => parsed(subject, `bao://database/creds/app/${field}`))
  const outcomes = [...(await client.fetch(refs, NEVER)).values()]
  const secrets = outcomes.map((one) => (one.ok ? one.secret : assert.fail(one.error.message)))
  const [lease, other] = secrets.map((secret) => secret.lease)
  assert.ok(lease !== undefined && lease.id === other?.id && lease.isRenewable)
  const [user = '', password = ''] = secrets.map(({ value }) => Buffer.from(value.reveal()).toString())

  const url = new URL(database)
  url.searchParams.set('user', user)
  url.searchParams.set('password', password)
  const works = async (): Promise<boolean> => {
    const session = new Client(url.href)
    session.on('error', () => undefined)
    try {
      await session.connect()
      await session.end()
      return true
    } catch {
      return false
    }
  }
  assert.ok(await works())

  // The token lives for 6 s. It is renewed, because its end would revoke the lease.
  const end = performance.now() + 12_000
  await until('the token would have ended', async () => {
    const renewed = await client.leases?.renew(lease, NEVER)
    assert.ok(renewed !== undefined && renewed.id === lease.id)
    return performance.now() > end
  })
  assert.ok(await works())
  await client.leases?.revoke(lease.id, NEVER)
  await until('the user is gone', async () => !(await works()))
  assert.equal(await client.leases?.renew(lease, NEVER), undefined)
})
