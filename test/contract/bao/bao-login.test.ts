import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import { appRole, jwtLogin } from '../../fixtures/servers/bao.ts'
import { mountOf } from '../../fixtures/servers/bao-data.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { ROLE_ID, SECRET_ID, isLogin, onBao } from './bao-server.ts'

const TOKEN = 's.bao-canary-token-static'
const MOUNTS = () => [mountOf('secret', 2, { app: { f: 'one' }, other: { f: 'two' } })]
const APP = 'bao://secret/app/f'
const OTHER = 'bao://secret/other/f'
const SELF = '/v1/auth/token/lookup-self'

test('AppRole at another mount and in a namespace', async (t) => {
  const ids = { roleId: ROLE_ID, secretIds: new Set([SECRET_ID]) }
  const { server, read } = await onBao(t, {
    mounts: [mountOf('secret', 2, { app: { f: 'one' } }, 'team')],
    logins: [appRole(ids, 'roles/east', 'team')],
    settings: { roleId: ROLE_ID, secretId: SECRET_ID, namespace: 'team', authMount: 'roles/east' },
  })
  assert.deepEqual(await read(APP), ['one'])
  assert.equal(server.requests[0], 'POST /v1/auth/roles/east/login')
})

test('a JWT out of a file, with and without a role, and that of Kubernetes', async (t) => {
  const folder = await temporaryFolder(t)
  const jwt = `file:${join(folder, 'jwt')}`
  await writeFile(join(folder, 'jwt'), 'ey.bao-canary-token.jwt\n')
  for (const [mount, settings, role] of [
    ['jwt', { jwt }, undefined],
    ['jwt', { jwt, authRole: 'app' }, 'app'],
    ['kubernetes', { jwt, authRole: 'app', authMethod: 'kubernetes' }, 'app'],
    ['k8s', { jwt, authRole: 'app', authMethod: 'kubernetes', authMount: 'k8s' }, 'app'],
  ] as const) {
    const logins = [jwtLogin(mount, role, 'ey.bao-canary-token.jwt')]
    const { server, read } = await onBao(t, { mounts: MOUNTS(), logins, settings })
    assert.deepEqual(await read(APP), ['one'])
    assert.equal(server.requests[0], `POST /v1/auth/${mount}/login`)
  }
})

test('an error of a login is reported', async (t) => {
  const logins = [jwtLogin('jwt', 'app', 'ey.right')]
  for (const [settings, code, message] of [
    [{ roleId: ROLE_ID, secretId: 'wrong' }, 'auth', /role id and secret id at auth\/approle \(status 400\)/],
    [{ jwt: 'ey.right', authRole: 'none' }, 'auth', /role and JWT at auth\/jwt \(status 400\)/],
    [{ jwt: 'ey.wrong', authRole: 'app' }, 'denied', /log in at auth\/jwt \(status 403\)/],
    [
      { roleId: ROLE_ID, secretId: SECRET_ID, authMount: 'no' },
      'config',
      /no login at auth\/no \(status 404\)/,
    ],
    [
      { roleId: ROLE_ID, secretId: SECRET_ID, namespace: 'no' },
      'config',
      /no login at auth\/approle in namespace "no" \(status 404\) \(check bao-auth-mount and bao-namespace\)/,
    ],
  ] as const) {
    const { codes, messages } = await onBao(t, { mounts: MOUNTS(), logins, settings })
    assert.match((await messages(APP))[0] ?? '', message)
    assert.deepEqual(await codes(APP), [code])
  }
})

test('an answer without a token is not a login', async (t) => {
  const { server, messages } = await onBao(t, { mounts: MOUNTS() })
  server.knobs.extraAuth = { client_token: '', mfa_requirement: { mfa_request_id: 'canary-9f2c-value' } }
  assert.match((await messages(APP))[0] ?? '', /wants a second factor for this login/)
  server.knobs.extraAuth = { client_token: 'two\nlines' }
  const other = await onBao(t, { mounts: MOUNTS() })
  other.server.knobs.extraAuth = { client_token: 'bao-canary\nlines' }
  assert.deepEqual(await other.codes(APP), ['provider_protocol'])
})

test('a token is used until a tenth of its life is left, and one without a lease for ever', async (t) => {
  const { server, read, logins } = await onBao(t, { mounts: MOUNTS() })
  server.knobs.tokenTtl = 2
  await read(APP)
  await read(APP)
  assert.equal(logins(), 1)
  server.knobs.tokenTtl = 0
  await sleep(1850)
  await read(APP)
  await read(APP)
  assert.equal(logins(), 2)
  assert.ok(!server.requests.includes(SELF))
})

test('a forbidden path is denied without another login, and the token is looked up once for all', async (t) => {
  const { server, codes, messages, asked, logins } = await onBao(t, { mounts: MOUNTS() })
  assert.deepEqual(await codes(APP, OTHER), ['ok', 'ok'])
  server.knobs.forbidden.add('secret/app')
  server.knobs.forbidden.add('secret/third')
  asked()
  const references = [APP, 'bao://secret/app/g', 'bao://secret/third/f', OTHER]
  assert.deepEqual(await codes(...references), ['denied', 'denied', 'denied', 'ok'])
  assert.equal(asked().filter((path) => path === SELF).length, 1)
  assert.equal(logins(), 1)
  assert.match(
    (await messages(APP))[0] ?? '',
    /does not let this token read secret\/app \(status 403\) \(its policy needs the capability read on secret\/data\/app\)$/,
  )
})

test('an expired token is distinguished from a forbidden path, on old and new servers', async (t) => {
  for (const saysInvalidToken of [false, true]) {
    const { server, codes, asked, logins } = await onBao(t, { mounts: MOUNTS() })
    server.knobs.saysInvalidToken = saysInvalidToken
    server.knobs.forbidden.add('secret/other')
    assert.deepEqual(await codes(APP, OTHER), ['ok', 'denied'])
    server.knobs.tokens.clear()
    asked()
    const answers = await Promise.all(Array.from({ length: 20 }, () => codes(APP, OTHER)))
    for (const answer of answers) assert.deepEqual(answer, ['ok', 'denied'])
    assert.equal(logins(), 2)
    assert.ok(asked().filter((path) => path === SELF).length <= 4)
  }
})

test('a token that cannot look itself up is replaced once, not for each refusal', async (t) => {
  const { server, codes, logins } = await onBao(t, { mounts: MOUNTS() })
  server.knobs.allowsLookupSelf = false
  server.knobs.forbidden.add('secret/other')
  for (let round = 0; round < 5; round += 1) assert.deepEqual(await codes(APP, OTHER), ['ok', 'denied'])
  assert.ok(logins() <= 2, `${logins()} logins`)
})

test('a token with few uses is replaced when they are used up', async (t) => {
  const { server, codes, logins } = await onBao(t, { mounts: MOUNTS() })
  server.knobs.tokenUses = 3
  for (let round = 0; round < 6; round += 1) assert.deepEqual(await codes(APP), ['ok'])
  assert.equal(logins(), 2)
})

test('a token of your own is used as it is; a dead one is auth, and asked about once a minute', async (t) => {
  const settings = { token: TOKEN }
  const { server, codes, messages, asked, logins } = await onBao(t, {
    mounts: MOUNTS(),
    tokens: { [TOKEN]: {} },
    settings,
  })
  server.knobs.forbidden.add('secret/other')
  assert.deepEqual(await codes(APP, OTHER), ['ok', 'denied'])
  server.knobs.tokens.delete(TOKEN)
  server.knobs.saysInvalidToken = true
  assert.deepEqual(await codes(APP, OTHER), ['auth', 'auth'])
  asked()
  assert.match(
    (await messages(APP))[0] ?? '',
    /does not accept the token \(status 403\); not asked again for/,
  )
  assert.deepEqual([asked(), logins()], [[], 0])
})

test('a configured token that cannot look itself up is kept after a forbidden path', async (t) => {
  const settings = { token: TOKEN }
  const { server, codes } = await onBao(t, { mounts: MOUNTS(), tokens: { [TOKEN]: {} }, settings })
  server.knobs.allowsLookupSelf = false
  assert.deepEqual(await codes(APP), ['ok'])
  server.knobs.forbidden.add('secret/other')
  assert.deepEqual(await codes(APP, OTHER), ['ok', 'denied'])
})

test('a probe logs in and looks the token up, or tells why not', async (t) => {
  const { server, client } = await onBao(t, { mounts: MOUNTS() })
  await client.probe(AbortSignal.timeout(5000))
  assert.deepEqual(server.requests, ['POST /v1/auth/approle/login', SELF])
  const settings = { token: 's.bao-canary-token-unknown' }
  const other = await onBao(t, { mounts: MOUNTS(), settings })
  other.server.knobs.saysInvalidToken = true
  await assert.rejects(other.client.probe(AbortSignal.timeout(5000)), { code: 'auth' })
  assert.deepEqual(await other.codes(APP), ['auth'])
})

test('a token that cannot look itself up passes its probe', async (t) => {
  const good = await onBao(t, { mounts: MOUNTS(), tokens: { [TOKEN]: {} }, settings: { token: TOKEN } })
  good.server.knobs.allowsLookupSelf = false
  await good.client.probe(AbortSignal.timeout(5000))
  assert.deepEqual(await good.codes(APP), ['ok'])
  good.server.knobs.forbidden.add('secret/other')
  assert.deepEqual(await good.codes(OTHER), ['denied'])
  assert.deepEqual(await good.codes(APP), ['ok'], 'a good token was given up for one forbidden path')
})

test('a login is sent once, however it fails', async (t) => {
  const { server, codes } = await onBao(t, { mounts: MOUNTS() })
  server.knobs.failNext.push({ status: 503 }, { status: 503 })
  assert.deepEqual(await codes(APP), ['unavailable'])
  assert.equal(server.requests.filter(isLogin).length, 1)
})
