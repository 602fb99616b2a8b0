import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startDashboard } from '../../support/dashboard.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

test('the page of a workload shows its issuer and claims in place of a key', async (t) => {
  const folder = await temporaryFolder(t)
  const config = join(folder, 'locket.toml')
  writeFileSync(config, '[issuers.ci]\nurl = "https://ci.example"\naudience = "a"\n')
  const { broker, anna } = await startDashboard({ folder, args: ['--config', config] })
  t.after(() => broker.stop('SIGKILL'))
  const claims = { repository: 'acme/shop', ref: 'refs/heads/<b>*' }
  const order = { name: 'deploy', workload: { issuer: 'ci', claims } }
  assert.equal((await broker.admin('POST', '/v1/workloads', order)).status, 200)
  const { text } = await anna.get('/machines/deploy')
  const shown = text.replaceAll(/\s+/g, ' ')
  assert.match(shown, /<dt>Token of<\/dt> <dd>ci<\/dd>/)
  assert.match(shown, /<code>repository=acme\/shop<\/code>/)
  assert.match(shown, /<code>ref=refs\/heads\/&lt;b&gt;\*<\/code>/)
  assert.doesNotMatch(shown, /<dt>Key<\/dt>/)
  await broker.machine('web1', [])
  assert.match((await anna.get('/machines/web1')).text, /<dt>Key<\/dt>/)
})
