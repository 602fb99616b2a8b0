import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { unzipSync } from 'fflate'
import type { TestMachine } from '../../support/broker.ts'
import {
  startDashboard,
  type PageReply,
  type TestBrowser,
  type TestDashboard,
} from '../../support/dashboard.ts'

const folder = mkdtempSync(join(tmpdir(), 'locket-dashboard-'))
let dashboard: TestDashboard

before(async () => {
  dashboard = await startDashboard({ folder })
  dashboard.broker.put({ DB: 'canary-story', API: 'canary-api' })
  await dashboard.broker.admin('POST', '/v1/secrets', {
    project: 'blog',
    name: 'db',
    reference: 'dotenv://DB',
  })
})
after(async () => {
  await dashboard.broker.stop()
  rmSync(folder, { recursive: true })
})

/** Provisions a container, and resolves with its page. */
async function provision(
  browser: TestBrowser,
  fields: Readonly<Record<string, string | readonly string[]>>,
): Promise<PageReply> {
  await browser.get('/integrations/docker/create')
  return await browser.post('/integrations/docker/create', { step: 'provision', ...fields })
}

/** Downloads the bundle, and returns the machine in it. */
async function download(browser: TestBrowser): Promise<TestMachine> {
  await browser.get('/integrations/docker/bundle')
  const { status, headers, bytes } = await browser.post('/integrations/docker/download')
  assert.equal(status, 200)
  assert.match(String(headers['content-disposition']), /\.sikkerkey\.zip"$/)
  const files = unzipSync(bytes)
  for (const name of ['identity.json', 'private.pem', 'cli.json']) assert.ok(files[name] !== undefined, name)
  const id = JSON.parse(Buffer.from(files['identity.json'] ?? []).toString()).machineId as string
  return { id, key: createPrivateKey(Buffer.from(files['private.pem'] ?? [])) }
}

test('the story of the document: secret, container, download once, read, disable', async () => {
  const { anna, broker } = dashboard
  await anna.get('/projects')
  for (const [secret, reference] of [
    ['db', 'dotenv://DB'],
    ['api', 'dotenv://API'],
  ] as const)
    await anna.change('/projects/add', { project: 'shop', secret, reference })
  const fields = { name: 'checkout', project: 'shop', secret: ['db'] }
  const { status, headers } = await provision(anna, fields)
  assert.equal(status, 303)
  const page = await anna.get(headers.location ?? '')
  assert.match(
    page.text,
    /checkout is ready[^]*15 minutes[^]*SIKKERKEY_IDENTITY=\/etc\/sikkerkey\/identity\.json/,
  )
  assert.doesNotMatch(page.text, /lb_[a-z2-7]{26}/, 'the token is not in the page')
  assert.doesNotMatch(headers.location ?? '', /lb_/, 'and not in the address')
  const machine = await download(anna)
  assert.match((await anna.get('/integrations/docker/bundle')).text, /The bundle is gone/)
  assert.equal((await anna.post('/integrations/docker/download')).status, 404, 'a second download')
  const { json } = await broker.resolve(machine, 'shop/db', 'shop/api')
  assert.equal(json.answers['shop/db']?.['value'], Buffer.from('canary-story').toString('base64'))
  assert.deepEqual(json.answers['shop/api'], { error: 'denied' }, 'a secret that was not ticked')

  await anna.get('/machines/checkout')
  await anna.change('/machines/checkout/grant', { project: 'shop', secret: 'api' })
  assert.ok('value' in ((await broker.resolve(machine, 'shop/api')).json.answers['shop/api'] ?? {}))
  const renamed = await anna.change('/machines/checkout/rename', { next: 'till' })
  assert.match(renamed.text, /<h1>till<\/h1>[^]*Renamed/)
  await anna.change('/machines/till/disable')
  assert.equal((await broker.resolve(machine, 'shop/db')).status, 401)
  await anna.change('/machines/till/enable')
  assert.equal((await broker.resolve(machine, 'shop/db')).status, 200)
  await anna.change('/machines/till/take', { project: 'shop', secret: 'api' })
  assert.deepEqual((await broker.resolve(machine, 'shop/api')).json.answers['shop/api'], { error: 'denied' })
  await anna.change('/machines/till/revoke')
  assert.deepEqual((await broker.resolve(machine, 'shop/db')).json.answers['shop/db'], { error: 'denied' })
  await anna.change('/machines/till/delete')
  assert.equal((await broker.resolve(machine, 'shop/db')).status, 401)
  assert.equal((await anna.get('/machines/till')).status, 404)
})

test('without a script, the form shows the secrets of a project, and ticks all of them', async () => {
  const { anna } = dashboard
  await anna.get('/integrations/docker/create')
  const fields = { name: 'typed', project: 'shop', secret: ['api'] }
  const chosen = await anna.post('/integrations/docker/create', { ...fields, step: 'choose' })
  assert.match(chosen.text, /value="typed"[^]*<option selected>shop[^]*value="api"\s+checked/)
  const all = await anna.post('/integrations/docker/create', { ...fields, step: 'all' })
  assert.equal([...all.text.matchAll(/name="secret"\s+value="\w+"\s+checked/g)].length, 2)
})

test('a name is made for a container without one, and mistakes keep what was typed', async () => {
  const { anna } = dashboard
  const made = await provision(anna, { name: '', project: 'shop', secret: ['db'] })
  assert.match(made.headers.location ?? '', /name=container-[a-z2-7]{8}$/)
  const rows: readonly (readonly [Record<string, string | readonly string[]>, RegExp, number])[] = [
    [{ name: 'a b', project: 'shop', secret: ['db'] }, /is not allowed as the name of a machine/, 400],
    [{ name: 'ok', project: 'shop', secret: [] }, /Tick at least one secret/, 400],
    [{ name: 'ok', project: 'shop', secret: ['nothing'] }, /There is no secret shop\/nothing/, 404],
    [{ name: 'ok', project: 'nothing', secret: ['db'] }, /There is no secret nothing\/db/, 404],
  ]
  for (const [fields, says, status] of rows) {
    const reply = await provision(anna, fields)
    assert.match(reply.text, says)
    assert.equal(reply.status, status)
    assert.ok(reply.text.includes(`value="${String(fields['name'])}"`), 'the name is still there')
  }
})

test('a team member provisions where it is allowed, and sees only own machines', async () => {
  const { anna, broker } = dashboard
  const bert = await dashboard.member('bert', ['provision shop'])
  const create = await bert.get('/integrations/docker/create')
  assert.match(create.text, /<option selected>shop/)
  assert.doesNotMatch(create.text, /<option [^>]*>blog/)
  assert.equal((await provision(bert, { name: 'x', project: 'blog', secret: ['db'] })).status, 403)
  await provision(bert, { name: 'of-bert', project: 'shop', secret: ['db'] })
  const machine = await download(bert)
  await provision(anna, { name: 'of-anna', project: 'shop', secret: ['db'] })
  assert.match((await bert.get('/machines')).text, /of-bert/)
  assert.doesNotMatch((await bert.get('/machines')).text, /of-anna/)
  assert.equal((await bert.get('/machines/of-anna')).status, 404)
  for (const action of ['disable', 'delete', 'revoke', 'rename', 'grant', 'take'])
    assert.equal((await bert.post(`/machines/of-anna/${action}`, { next: 'y' })).status, 404, action)
  for (const path of ['/people', '/people/anna', '/projects/blog'])
    assert.notEqual((await bert.get(path)).status, 200, path)
  await bert.get('/account')
  assert.equal((await bert.post('/people/bert/rights', { admin: 'yes' })).status, 403)
  const added = { project: 'shop', secret: 'x', reference: 'dotenv://DB' }
  assert.equal((await bert.post('/projects/add', added)).status, 403, 'references are for administrators')
  const grant = { project: 'blog', secret: 'db' }
  assert.equal((await bert.post('/machines/of-bert/grant', grant)).status, 403)
  await bert.get('/account')
  await bert.change('/machines/of-bert/disable')
  assert.equal((await bert.post('/machines/of-bert/enable')).status, 403, 'an administrator enables')
  await anna.get('/machines/of-bert')
  await anna.change('/machines/of-bert/enable')
  assert.equal((await broker.resolve(machine, 'shop/db')).status, 200)
})

test('a removed person takes the grants of their machines along, and is logged out', async () => {
  const { anna, broker } = dashboard
  const eve = await dashboard.member('eve', ['provision shop'])
  await provision(eve, { name: 'of-eve', project: 'shop', secret: ['db', 'api'] })
  const machine = await download(eve)
  assert.ok('value' in ((await broker.resolve(machine, 'shop/db')).json.answers['shop/db'] ?? {}))
  await anna.get('/people/eve')
  await anna.change('/people/eve/remove')
  assert.deepEqual((await broker.resolve(machine, 'shop/db')).json.answers['shop/db'], { error: 'denied' })
  assert.equal((await eve.get('/')).status, 303)
  assert.match((await anna.get('/machines/of-eve')).text, /the administrators[^]*None\./)
})

test('the last administrator stays one', async () => {
  const { anna } = dashboard
  await anna.get('/people/anna')
  assert.match((await anna.post('/people/anna/rights', {})).text, /is the last administrator/)
  assert.match((await anna.post('/people/anna/remove', {})).text, /is the last administrator/)
  assert.equal((await anna.get('/people')).status, 200)
})

test('no name and no text is put into a page as HTML', async () => {
  const { anna } = dashboard
  const evil = `"><script>alert(1)</script><img src=x onerror=alert(2)>'`
  const pages: PageReply[] = []
  const forms: readonly (readonly [string, string, Record<string, string | readonly string[]>])[] = [
    [
      '/integrations/docker/create',
      '/integrations/docker/create',
      { name: evil, project: 'shop', secret: [evil] },
    ],
    [
      '/integrations/docker/create',
      '/integrations/docker/create',
      { name: 'ok', project: evil, secret: ['db'] },
    ],
    ['/projects', '/projects/add', { project: evil, secret: evil, reference: evil }],
    ['/projects', '/projects/add', { project: 'shop', secret: 'evil', reference: `dotenv://${evil}` }],
    ['/people', '/people', { name: evil }],
    ['/machines/of-bert', '/machines/of-bert/rename', { next: evil }],
    ['/machines/of-bert', '/machines/of-bert/grant', { project: evil, secret: evil }],
    ['/people/anna', '/people/anna/rights', { right: `provision ${evil}`, admin: 'yes' }],
    ['/account', '/account/session', { session: evil }],
  ]
  for (const [from, path, fields] of forms) {
    await anna.get(from)
    pages.push(await anna.post(path, fields))
  }
  const asked = encodeURIComponent(evil)
  for (const path of [
    `/machines?search=${asked}&after=${asked}&state=${asked}&done=${asked}`,
    `/machines/${asked}`,
    `/projects/${asked}`,
    `/people/${asked}`,
    `/integrations/docker/bundle?name=${asked}`,
    `/setup?token=${asked}`,
    `/${asked}`,
    '/projects/shop',
    '/projects',
  ])
    pages.push(await anna.get(path))
  const login = dashboard.browser()
  await login.get(`/login?next=${asked}`)
  pages.push(await login.post('/login', { name: evil, password: evil, next: evil }))
  const raw = await anna.get('/account', { 'user-agent': evil })
  for (const { text, headers } of [...pages, raw]) {
    assert.doesNotMatch(text, /<script>alert|<img src=x|onerror=alert\(2\)>/)
    assert.doesNotMatch(String(headers.location), /script/)
  }
})

test('a secret is removed with its grants, and a wrong reference is explained', async () => {
  const { anna, broker } = dashboard
  await anna.get('/projects/shop')
  await anna.change('/projects/shop/add', { secret: 'gone', reference: 'dotenv://DB' })
  const machine = await broker.machine('reads-gone', ['shop/gone'])
  assert.match((await anna.get('/projects/shop')).text, /form="remove" name="secret" value="gone"/)
  await anna.change('/projects/shop/remove', { secret: 'gone' })
  assert.deepEqual((await broker.resolve(machine, 'shop/gone')).json.answers['shop/gone'], {
    error: 'denied',
  })
  const wrong = await anna.post('/projects/shop/add', { secret: 'new', reference: 'nothing://x' })
  assert.match(wrong.text, /nothing:\/\/x is not a reference of any provider[^]*value="new"/)
})

test('lists come page by page, by key', async () => {
  const { anna, broker } = dashboard
  for (let number = 100; number < 160; number += 1)
    await broker.admin('POST', '/v1/machines', { name: `page-${number}` })
  const first = await anna.get('/machines?search=PAGE-')
  assert.equal([...first.text.matchAll(/>page-\d+</g)].length, 50)
  const next = /href="(\/machines\?[^"]*after=page-149)"/.exec(first.text)?.[1]?.replaceAll('&amp;', '&')
  const second = await anna.get(next ?? '')
  assert.equal([...second.text.matchAll(/>page-\d+</g)].length, 10)
  assert.match(second.text, /First page/)
  assert.match((await anna.get('/machines?search=%25')).text, /No machine fits/, 'signs of LIKE are letters')
})
