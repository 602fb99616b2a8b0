import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { assertNoSecret } from '../../support/assert-no-secret.ts'
import { logIn, PASSWORD, startDashboard, type TestDashboard } from '../../support/dashboard.ts'

const folder = mkdtempSync(join(tmpdir(), 'locket-dashboard-'))
let dashboard: TestDashboard

before(async () => {
  dashboard = await startDashboard({ folder })
  dashboard.broker.put({ DB: 'canary-dashboard' })
  for (const [project, name] of [
    ['shop', 'db'],
    ['blog', 'db'],
  ])
    await dashboard.broker.admin('POST', '/v1/secrets', { project, name, reference: 'dotenv://DB' })
})
after(async () => {
  await dashboard.broker.stop()
  rmSync(folder, { recursive: true })
})

/** Paths of pages that need a login. */
const PAGES = [
  '/',
  '/machines',
  '/machines/x',
  '/projects',
  '/integrations/docker/create',
  '/people',
  '/account',
]

test('nobody without a session sees a page or changes anything', async () => {
  const nobody = dashboard.browser()
  for (const path of PAGES) {
    const { status, headers, text } = await nobody.get(path)
    assert.deepEqual([status, text], [303, ''], path)
    assert.ok(headers.location?.startsWith('/login'), path)
  }
  await nobody.get('/login')
  for (const path of ['/logout', '/projects/add', '/machines/x/delete', '/people', '/passkeys/add-options'])
    assert.equal((await nobody.post(path, { name: 'x' })).status, 401, path)
  nobody.cookies.set('locket_session', 'ls_abcdefghijklmnopqrstuvwxyz')
  assert.equal((await nobody.get('/')).status, 303, 'an invented session')
})

test('every answer forbids caches, frames, other hosts and inline scripts', async () => {
  for (const path of ['/', '/login', '/machines', '/nowhere', '/setup?token=x']) {
    const { headers } = await dashboard.anna.get(path)
    assert.equal(headers['cache-control'], 'no-store', path)
    const policy = String(headers['content-security-policy'])
    for (const part of [
      "default-src 'none'",
      "script-src 'self'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ])
      assert.ok(policy.includes(part), `${path} ${part}`)
    assert.doesNotMatch(policy, /unsafe|https?:|\*/)
    assert.equal(headers['referrer-policy'], 'same-origin')
    assert.equal(headers['x-content-type-options'], 'nosniff')
  }
})

test('a page is packed for a browser that takes it, and the answer to a form is not', async () => {
  const { anna } = dashboard
  for (const accepts of ['gzip, deflate, br', 'br, gzip;q=0.5', 'gzip']) {
    const plain = await anna.get('/account')
    const packed = await anna.get('/account', { 'accept-encoding': accepts })
    assert.equal(packed.headers['content-encoding'], 'gzip', accepts)
    assert.ok(packed.bytes.byteLength < plain.bytes.byteLength / 2)
    assert.match(gunzipSync(packed.bytes).toString(), /<h1>Your account<\/h1>/)
  }
  for (const accepts of ['', 'br', 'gzip;q=0', 'xgzip']) {
    const { headers, text } = await anna.get('/account', { 'accept-encoding': accepts })
    assert.equal(headers['content-encoding'], undefined, accepts)
    assert.match(text, /<h1>Your account<\/h1>/)
  }
  await anna.get('/people')
  const { headers, text } = await anna.post('/people', { name: 'packed' }, { 'accept-encoding': 'gzip' })
  assert.equal(headers['content-encoding'], undefined)
  assert.match(text, /setup\?token=/)
})

test('a form without its token, with that of another session, or of another site is refused', async () => {
  const { anna, port } = dashboard
  const form = { project: 'shop', secret: 'stolen', reference: 'dotenv://DB' }
  const other = dashboard.browser()
  await logIn(other, 'anna')
  await anna.get('/projects')
  const foreign = /name="_form" value="([^"]+)"/.exec((await other.get('/projects')).text)?.[1] ?? ''
  const rows: readonly (readonly [string, Record<string, string>, Record<string, string>])[] = [
    ['no token', { _form: '' }, {}],
    ['the token of another session', { _form: foreign }, {}],
    ['another origin', {}, { origin: 'https://evil.example' }],
    ['another port', {}, { origin: `http://localhost:${port + 1}` }],
    ['no origin', {}, { origin: '' }],
    ['an opaque origin', {}, { origin: 'null' }],
    ['another site', {}, { 'sec-fetch-site': 'cross-site' }],
    ['another host name', {}, { host: `evil.example:${port}`, origin: `http://evil.example:${port}` }],
  ]
  for (const [what, fields, headers] of rows) {
    await anna.get('/projects')
    const { status } = await anna.post('/projects/add', { ...form, ...fields }, headers)
    assert.equal(status, 403, what)
  }
  const json = await anna.post('/projects/add', form, { 'content-type': 'text/plain' })
  assert.equal(json.status, 400)
  assert.equal((await dashboard.broker.admin('GET', '/v1/secrets')).bytes.includes('stolen'), false)
  assert.equal((await anna.get('/', { host: `evil.example:${port}` })).status, 403, 'a name of another site')
})

test('five wrong passwords lock a name for some minutes, and no other name', async () => {
  await dashboard.member('carl', [])
  const browser = dashboard.browser()
  for (let count = 0; count < 5; count += 1) {
    const { status, text } = await logIn(browser, 'carl', 'wrong wrong wrong')
    assert.equal(status, 401)
    assert.match(text, /The name or the password is wrong/)
  }
  const { status, headers, text } = await logIn(browser, 'carl')
  assert.deepEqual([status, Number(headers['retry-after']) > 60], [429, true])
  assert.match(text, /Too many wrong passwords: try again in \d minutes/)
  assert.equal((await logIn(browser, 'anna')).status, 303)
})

test('a name that does not exist is answered as one that does', async () => {
  const browser = dashboard.browser()
  for (let count = 0; count < 5; count += 1) {
    const { status, text } = await logIn(browser, 'nobody', 'wrong wrong wrong')
    assert.equal(status, 401)
    assert.match(text, /The name or the password is wrong/)
  }
  assert.equal((await logIn(browser, 'nobody', 'wrong wrong wrong')).status, 429)
})

test('a setup link is good once, and is not in the log', async () => {
  const { anna, broker } = dashboard
  assert.equal(existsSync(join(folder, 'broker', 'setup-link')), false, 'the first link is used')
  await anna.get('/people')
  const { text } = await anna.post('/people', { name: 'once' })
  const token = /setup\?token=(\w+)/.exec(text)?.[1] ?? ''
  const one = dashboard.browser()
  await one.get(`/setup?token=${token}`)
  const fields = { token, password: PASSWORD, again: PASSWORD }
  assert.match((await one.post('/setup', { ...fields, again: 'x' })).text, /not the same/)
  assert.match((await one.post('/setup', { ...fields, password: 'short', again: 'short' })).text, /12 to 256/)
  const both = await Promise.all([one.post('/setup', fields), one.post('/setup', fields)])
  assert.deepEqual(
    both.map(({ status }) => status).toSorted((a, b) => a - b),
    [303, 401],
  )
  const late = dashboard.browser()
  assert.match((await late.get(`/setup?token=${token}`)).text, /not good any more/)
  assertNoSecret(broker.output(), [token, PASSWORD], 'the log')
  const database = readFileSync(join(folder, 'broker', 'broker.db-wal'))
  assertNoSecret(database, [token, PASSWORD, one.cookies.get('locket_session') ?? 'none'], 'the database')
})

test('cookies are not for scripts and other sites, and a logout ends the session itself', async () => {
  const browser = dashboard.browser()
  const { headers } = await logIn(browser, 'anna')
  const [line = ''] = headers['set-cookie'] ?? []
  assert.match(line, /^locket_session=ls_\w+; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict$/)
  const kept = browser.cookies.get('locket_session') ?? ''
  await browser.get('/')
  await browser.post('/logout')
  browser.cookies.set('locket_session', kept)
  assert.equal((await browser.get('/')).status, 303)
})

test('a person ends another session, and a new password ends all others', async () => {
  const person = await dashboard.member('dora', [])
  const [second, third] = [dashboard.browser(), dashboard.browser()]
  await logIn(second, 'dora')
  await logIn(third, 'dora')
  const { text } = await third.get('/account')
  const session = /name="session" value="([^"]+)"/.exec(text)?.[1] ?? ''
  assert.match((await third.change('/account/session', { session })).text, /The session is ended/)
  const alive = [await person.get('/'), await second.get('/')].filter(({ status }) => status === 200)
  assert.equal(alive.length, 1)
  await third.get('/account')
  const next = 'another long password'
  const wrong = await third.post('/account/password', { present: 'wrong wrong', password: next, again: next })
  assert.equal(wrong.status, 401)
  await third.change('/account/password', { present: PASSWORD, password: next, again: next })
  assert.deepEqual(
    [await person.get('/'), await second.get('/'), await third.get('/')].map(({ status }) => status),
    [303, 303, 200],
  )
  assert.equal((await logIn(dashboard.browser(), 'dora')).status, 401)
  assert.equal((await logIn(dashboard.browser(), 'dora', next)).status, 303)
})

test('the way after a login leads to no other host', async () => {
  for (const next of ['//evil.example', '/\\evil.example', 'https://evil.example', 'javascript:x']) {
    const browser = dashboard.browser()
    await browser.get(`/login?next=${encodeURIComponent(next)}`)
    const { headers } = await browser.post('/login', { name: 'anna', password: PASSWORD, next })
    assert.equal(headers.location, '/', next)
  }
  const browser = dashboard.browser()
  const asked = await browser.get('/machines?search=web')
  await browser.get(asked.headers.location ?? '')
  const { headers } = await browser.post('/login', {
    name: 'anna',
    password: PASSWORD,
    next: '/machines?search=web',
  })
  assert.equal(headers.location, '/machines?search=web')
})
