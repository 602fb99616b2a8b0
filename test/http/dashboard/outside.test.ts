import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { startLoginService, type TestLoginService } from '../../fixtures/servers/oidc-provider.ts'
import { assertNoSecret } from '../../support/assert-no-secret.ts'
import { logIn, startDashboard, type PageReply, type TestDashboard } from '../../support/dashboard.ts'
import { freePort } from '../../support/free-port.ts'

const folder = mkdtempSync(join(tmpdir(), 'locket-outside-'))
let dashboard: TestDashboard
let service: TestLoginService
/** Texts that no log and no database may have. */
const canaries = ['canary-access-token', 'canary client:secret %']

before(async () => {
  const port = await freePort()
  service = await startLoginService(`http://localhost:${port}/oidc/callback`)
  writeFileSync(join(folder, 'secret'), `${service.secret}\n`)
  const args = [
    ['--oidc-issuer', service.url],
    ['--oidc-client-id', service.clientId],
    ['--oidc-secret-file', join(folder, 'secret')],
    ['--oidc-new-people', 'groups=ops'],
  ].flat()
  dashboard = await startDashboard({ folder, dashboard: `127.0.0.1:${port}`, args })
  await dashboard.member('bert@example.com', ['see shop'])
})
beforeEach(() => {
  Object.assign(service.chosen, {
    user: { sub: '2', email: 'bert@example.com', email_verified: true },
    change: (claims: unknown) => claims,
    back: () => undefined,
    usesForeignKey: false,
  })
})
after(async () => {
  await dashboard.broker.stop()
  await service[Symbol.asyncDispose]()
  assertNoSecret(dashboard.broker.output(), canaries, 'the log')
  rmSync(folder, { recursive: true })
})

type Browser = ReturnType<TestDashboard['browser']>

/** Logs in at the service, and comes back. */
async function comeBack(browser: Browser, next = '/'): Promise<PageReply> {
  const { status, headers } = await browser.get(`/oidc/login?next=${encodeURIComponent(next)}`)
  assert.equal(status, 303)
  const { pathname, search } = new URL(await service.approve(headers.location ?? ''))
  canaries.push(browser.cookies.get('locket_outside')?.split('.')[0] ?? '')
  return await browser.get(`${pathname}${search}`)
}

/** True when the browser sees a page. */
async function isIn(browser: Browser): Promise<boolean> {
  return (await browser.get('/account')).status === 200
}

interface Line {
  readonly actor: string
  readonly action: string
  readonly target: string
  readonly outcome: string
  readonly reason: string
}

async function lastLine(): Promise<Line> {
  const { bytes } = await dashboard.broker.admin('GET', '/v1/audit?limit=1')
  return (JSON.parse(bytes.toString()) as { lines: Line[] }).lines[0] as Line
}

test('a person of the service logs in, has their rights, and comes to the page asked for', async () => {
  const browser = dashboard.browser()
  const asked = await browser.get('/audit?machine=web1&outcome=denied')
  const login = await browser.get(asked.headers.location ?? '')
  const link = /href="(\/oidc\/login\?next=[^"]+)"/.exec(login.text)?.[1] ?? ''
  const sent = await browser.get(link)
  const { pathname, search } = new URL(await service.approve(sent.headers.location ?? ''))
  const { status, text, headers } = await browser.get(`${pathname}${search}`)
  assert.equal(status, 200)
  assert.match(text, /http-equiv="refresh" content="0;url=\/audit\?machine=web1&amp;outcome=denied"/)
  const cookies = headers['set-cookie'] ?? []
  assert.ok(cookies.some((line) => /^locket_session=ls_\w+; .*SameSite=Strict$/.test(line)))
  assert.ok(cookies.some((line) => /^locket_outside=; .*Max-Age=0/.test(line)))
  const line = await lastLine()
  assert.deepEqual([line.actor, line.action], ['person bert@example.com', 'login'])
  assert.match(line.reason, /^login service 127\.0\.0\.1/)
  assert.match((await browser.get('/account')).text, /bert@example\.com/)
  assert.equal((await browser.get('/people')).status, 403)
  await browser.post('/logout')
  assert.equal(await isIn(browser), false, 'after the logout')
})

test('the cookie of the way back comes from another site, and no script reads it', async () => {
  const browser = dashboard.browser()
  const { headers } = await browser.get('/oidc/login')
  const own = (headers['set-cookie'] ?? []).find((line) => line.startsWith('locket_outside='))
  assert.match(own ?? '', /^locket_outside=lo_\w+\.\S+; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax$/)
  const url = new URL(headers.location ?? '')
  assert.equal(url.searchParams.get('code_challenge_method'), 'S256')
  for (const name of ['state', 'nonce', 'code_challenge'])
    assert.match(url.searchParams.get(name) ?? '', /^[\w-]{43}$/, name)
})

test('a page of another site begins no login', async () => {
  // Otherwise the images of one such page would use up the logins of everybody behind one address.
  for (let count = 0; count < 100; count += 1) {
    const site = { 'sec-fetch-site': count % 2 === 0 ? 'cross-site' : 'same-site' }
    const { status, headers } = await dashboard.browser().get('/oidc/login?next=%2Faudit', site)
    assert.deepEqual([status, headers.location], [303, '/login?next=%2Faudit'])
    assert.ok(headers['set-cookie']?.some((line) => line.startsWith('locket_outside=')) !== true)
  }
  for (const site of ['same-origin', 'none']) {
    const { headers } = await dashboard.browser().get('/oidc/login', { 'sec-fetch-site': site })
    assert.ok(headers.location?.startsWith(service.url), site)
  }
})

test('the way back leads to no other host', async () => {
  for (const next of ['//evil.example', '/\\evil.example', 'https://evil.example', 'javascript:x']) {
    const { text } = await comeBack(dashboard.browser(), next)
    assert.match(text, /content="0;url=\/"/, next)
  }
  const browser = dashboard.browser()
  const { headers } = await browser.get('/oidc/login')
  const [token] = (browser.cookies.get('locket_outside') ?? '').split('.')
  browser.cookies.set('locket_outside', `${token}.${Buffer.from('//evil.example').toString('base64url')}`)
  const { pathname, search } = new URL(await service.approve(headers.location ?? ''))
  assert.match((await browser.get(`${pathname}${search}`)).text, /content="0;url=\/"/)
})

const now = (): number => Math.floor(Date.now() / 1000)

/** Answers of the service that are not right in one part. */
const WRONG: Readonly<Record<string, () => void>> = {
  'another nonce': () => (service.chosen.change = (claims) => ({ ...claims, nonce: 'other' })),
  'no nonce': () => (service.chosen.change = ({ nonce: _nonce, ...claims }) => claims),
  'another audience': () => (service.chosen.change = (claims) => ({ ...claims, aud: 'other' })),
  'another issuer': () => (service.chosen.change = (claims) => ({ ...claims, iss: 'https://evil.example' })),
  'an old token': () =>
    (service.chosen.change = (claims) => ({ ...claims, iat: now() - 900, exp: now() - 600 })),
  'a foreign key': () => (service.chosen.usesForeignKey = true),
  'another state': () => (service.chosen.back = (query) => query.set('state', 'x'.repeat(43))),
  'no state': () => (service.chosen.back = (query) => query.delete('state')),
  'an answer of another issuer': () =>
    (service.chosen.back = (query) => query.set('iss', 'https://evil.example')),
  'an answer without issuer': () => (service.chosen.back = (query) => query.delete('iss')),
  'an invented code': () => (service.chosen.back = (query) => query.set('code', 'invented')),
  'a refusal': () =>
    (service.chosen.back = (query) => {
      query.delete('code')
      query.set('error', 'access_denied')
    }),
}

test('an answer that is not right in one part logs nobody in', async () => {
  for (const [what, change] of Object.entries(WRONG)) {
    Object.assign(service.chosen, { change: (claims: unknown) => claims, back: () => undefined })
    service.chosen.usesForeignKey = false
    change()
    const browser = dashboard.browser()
    const { status, text } = await comeBack(browser)
    assert.equal(status, 401, `${what}: ${text}`)
    assert.equal(await isIn(browser), false, what)
    const { action, target, outcome } = await lastLine()
    assert.deepEqual([action, target, outcome], ['login', 'unknown', 'denied'], what)
  }
})

test('an answer is good once, only in the browser that began, and only while it is new', async () => {
  const [victim, attacker] = [dashboard.browser(), dashboard.browser()]
  const { headers } = await attacker.get('/oidc/login')
  const { pathname, search } = new URL(await service.approve(headers.location ?? ''))
  assert.equal((await victim.get(`${pathname}${search}`)).status, 401, 'a browser that began nothing')
  await victim.get('/oidc/login')
  assert.equal((await victim.get(`${pathname}${search}`)).status, 401, 'a browser that began another one')
  const cookie = attacker.cookies.get('locket_outside') ?? ''
  assert.equal((await attacker.get(`${pathname}${search}`)).status, 200)
  attacker.cookies.set('locket_outside', cookie)
  assert.equal((await attacker.get(`${pathname}${search}`)).status, 401, 'a second time')
})

test('who is not a person here, or has no verified address, is refused by name', async () => {
  const rows: readonly (readonly [Record<string, unknown>, RegExp])[] = [
    [{ sub: '9', email: 'eve@example.com', email_verified: true }, /eve@example\.com is not a person/],
    [{ sub: '2', email: 'bert@example.com', email_verified: false }, /has not verified your email/],
    [{ sub: '2', email: 'bert@example.com' }, /has not verified your email/],
    [{ sub: '2' }, /gives no email/],
    [{ sub: '9', email: 'eve@example.com', email_verified: true, groups: ['Ops'] }, /is not a person/],
  ]
  for (const [user, says] of rows) {
    service.chosen.user = user
    const browser = dashboard.browser()
    const { status, text } = await comeBack(browser)
    assert.equal(status, 403)
    assert.match(text, says)
    assert.equal(await isIn(browser), false)
    const { actor, action, outcome } = await lastLine()
    assert.deepEqual([actor, action, outcome], ['login service', 'login', 'denied'])
  }
})

test('the rule of the operator makes a person without rights, and only once', async () => {
  service.chosen.user = { sub: '5', email: 'new@example.com', email_verified: true, groups: ['dev', 'ops'] }
  const browser = dashboard.browser()
  assert.equal((await comeBack(browser)).status, 200)
  assert.equal((await browser.get('/people')).status, 403)
  assert.match((await browser.get('/projects')).text, /You see no project|no project/i)
  assert.equal((await comeBack(dashboard.browser())).status, 200)
  const { text } = await dashboard.anna.get('/people')
  assert.equal(text.match(/href="\/people\/new%40example\.com"/g)?.length, 1)
  await dashboard.anna.get('/people/new@example.com')
  await dashboard.anna.change('/people/new@example.com/remove')
  assert.equal(await isIn(browser), false, 'the session of a person who was removed')
})

test('a login by the service makes no locked name free', async () => {
  for (let count = 0; count < 5; count += 1)
    assert.equal((await logIn(dashboard.browser(), 'bert@example.com', 'wrong wrong wrong')).status, 401)
  assert.equal(
    (await comeBack(dashboard.browser())).status,
    200,
    'nobody locks a person out by typing a name',
  )
  assert.equal((await logIn(dashboard.browser(), 'bert@example.com')).status, 429)
})

test('a service that fails in the middle of a login is named, and other logins work', async () => {
  const browser = dashboard.browser()
  const { headers } = await browser.get('/oidc/login')
  const { pathname, search } = new URL(await service.approve(headers.location ?? ''))
  service.knobs.failStatus = 500
  const { status, text } = await browser.get(`${pathname}${search}`)
  service.knobs.failStatus = undefined
  assert.equal(status, 503)
  assert.match(text, /login service 127\.0\.0\.1:\d+ does not work/)
  assert.equal(await isIn(browser), false)
  assert.equal((await logIn(browser, 'anna')).status, 303)
  assert.equal((await comeBack(dashboard.browser())).status, 200)
})

test('secrets of the login are in no file of the broker', () => {
  for (const name of ['broker.db', 'broker.db-wal'])
    assertNoSecret(readFileSync(join(folder, 'broker', name)), canaries, name)
})
