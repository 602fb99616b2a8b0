import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { startDashboard, type TestDashboard } from '../../support/dashboard.ts'

const POLICY = `
[[policy]]
name = "no production"
when = 'secret.startsWith("prod-")'
effect = "deny"

[[policy]]
name = "the shop"
when = 'project == "shop"'
effect = "allow"
`

const folder = mkdtempSync(join(tmpdir(), 'locket-dashboard-'))
let dashboard: TestDashboard

before(async () => {
  const path = join(folder, 'policy.toml')
  writeFileSync(path, POLICY)
  dashboard = await startDashboard({ folder, args: ['--policy-file', path] })
  dashboard.broker.put({ DB: 'canary-audit' })
  for (const [project, name] of [
    ['shop', 'db'],
    ['shop', 'prod-db'],
    ['blog', 'db'],
  ])
    await dashboard.broker.admin('POST', '/v1/secrets', { project, name, reference: 'dotenv://DB' })
})
after(async () => {
  await dashboard.broker.stop()
  rmSync(folder, { recursive: true })
})

test('the audit shows who did what, by machine, secret and outcome', async () => {
  const { anna, broker } = dashboard
  const machine = await broker.machine('web1', ['shop/*', 'blog/db'])
  await broker.resolve(machine, 'shop/db', 'shop/prod-db')
  await anna.get('/machines/web1')
  await anna.change('/machines/web1/rename', { next: 'web2' })
  await anna.change('/machines/web2/revoke')
  const all = (await anna.get('/audit')).text
  for (const what of ['machine.add', 'machine.rename', 'grant.clear', 'person.setup', 'login', 'policy.load'])
    assert.ok(all.includes(`<strong>${what}</strong>`), what)
  assert.match(all, /person anna[^]*127\.0\.0\.1/)
  const reads = (await anna.get('/audit?machine=web1&outcome=denied')).text
  assert.match(reads, /shop\/prod-db[^]*no production/)
  assert.doesNotMatch(reads, />shop\/db</)
  assert.match((await anna.get('/audit?secret=shop%2Fdb')).text, /machine web1[^]*shop\/db/)
  assert.match((await anna.get('/machines/web2')).text, /<h2>Audit<\/h2>/)
  assert.match((await anna.get('/audit?since=tomorrow')).text, /is written like 2026/)
  assert.match((await anna.get('/audit?since=2999-01-01')).text, /No lines/)
})

test('older lines are on the next page', async () => {
  const { anna, broker } = dashboard
  for (let number = 0; number < 60; number += 1)
    await broker.admin('POST', '/v1/machines', { name: `many-${number}` })
  const first = await anna.get('/audit')
  const older = /href="(\/audit\?before=\d+)"/.exec(first.text)?.[1] ?? ''
  const second = await anna.get(older)
  assert.equal(second.status, 200)
  assert.match(second.text, /machine\.rename/)
  assert.doesNotMatch(second.text, /data-live="yes"/, 'only the newest page follows')
})

test('a member sees lines of own machines, and of secrets with the permission', async () => {
  const fred = await dashboard.member('fred', ['audit shop', 'provision blog'])
  assert.match((await fred.get('/audit')).text, /Name one of your machines/)
  assert.match((await fred.get('/audit?secret=shop%2Fdb')).text, /shop\/db/)
  for (const query of ['secret=blog%2Fdb', 'machine=web2', 'machine=web1', 'machine=nothing', 'secret=shop'])
    assert.match((await fred.get(`/audit?${query}`)).text, /You may see the lines of your machines/, query)
  await fred.get('/integrations/docker/create')
  await fred.post('/integrations/docker/create', { name: 'web1', project: 'blog', secret: ['db'] })
  const own = (await fred.get('/audit?machine=web1')).text
  assert.match(own, /machine\.add/)
  assert.doesNotMatch(own, /shop\/prod-db/, 'lines of an older machine of that name')
  assert.equal((await fred.get('/policy')).status, 403)
  await fred.get('/account')
  assert.equal((await fred.post('/policy/check', { text: POLICY })).status, 403)
  assert.equal((await fred.post('/policy/try', { machine: 'web1', secret: 'blog/db' })).status, 403)
})

test('a member cannot rename a machine to see the lines of a former one', async () => {
  const { anna, broker } = dashboard
  const former = await broker.machine('former', ['shop/*'])
  const gina = await dashboard.member('gina', ['provision blog'])
  await gina.get('/integrations/docker/create')
  await gina.post('/integrations/docker/create', { name: 'ginas', project: 'blog', secret: ['db'] })
  await broker.resolve(former, 'shop/db')
  await anna.get('/machines/former')
  await anna.change('/machines/former/delete')
  await gina.get('/machines/ginas')
  const { status, text } = await gina.post('/machines/ginas/rename', { next: 'former' })
  assert.equal(status, 400)
  assert.match(text, /There is or was another machine former/)
  assert.match((await gina.get('/audit?machine=former')).text, /You may see the lines of your machines/)
  await gina.get('/machines/ginas')
  await gina.change('/machines/ginas/rename', { next: 'ginas-new' })
})

test('the policy in effect is shown, tried and checked', async () => {
  const { anna, broker } = dashboard
  await broker.machine('tries', ['shop/*'])
  const page = (await anna.get('/policy')).text
  assert.match(page, /no production[^]*the shop[^]*Everything else/)
  const rows: readonly (readonly [Record<string, string>, RegExp])[] = [
    [{ machine: 'tries', secret: 'shop/db' }, /Allowed: the shop/],
    [{ machine: 'tries', secret: 'shop/prod-db', address: '10.0.0.1' }, /Denied: no production/],
    [{ machine: 'tries', secret: 'blog/db' }, /Denied: no grant/],
    [{ machine: 'nothing', secret: 'shop/db' }, /There is no machine/],
    [{ machine: 'tries', secret: 'shop/nothing' }, /There is no secret/],
    [{ machine: 'tries', secret: 'shop/db', address: 'x' }, /not an IP address/],
  ]
  for (const [fields, says] of rows) {
    await anna.get('/policy')
    assert.match((await anna.post('/policy/try', fields)).text, says)
  }
  await anna.get('/policy')
  assert.match((await anna.post('/policy/check', { text: POLICY })).text, /The policy is good[^]*2 rules/)
  const wrong = await anna.post('/policy/check', { text: POLICY.replace('project ==', 'project <script>') })
  assert.match(wrong.text, /role="alert"[^]*line/)
  assert.doesNotMatch(wrong.text, /<script>"/)
})
