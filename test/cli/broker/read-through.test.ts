import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { startBroker } from '../../support/broker.ts'
import { runLocket } from '../../support/run-locket.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

/** A broker with one secret, and a machine with its identity in a folder of its own. */
async function enrolled(t: TestContext, listen: readonly string[] = []) {
  const folder = await temporaryFolder(t)
  const broker = await startBroker({ folder, args: listen })
  t.after(() => broker.stop('SIGKILL'))
  broker.put({ DB: 'canary-through' })
  const host = { LOCKET_BROKER_DIR: join(folder, 'broker') }
  await runLocket(host, 'secret-ref', 'add', 'db', 'dotenv://DB', '--project', 'shop')
  const { out } = await runLocket(host, 'machine', 'add', 'web1', '--project', 'shop')
  const own = join(folder, 'own')
  const { code, err } = await runLocket({}, ...out.trim().split(' ').slice(1), '--identity-dir', own)
  assert.equal(code, 0, err)
  return { broker, host, folder, machine: { LOCKET_IDENTITY: join(own, 'identity.json') } }
}

for (const [where, listen] of [
  ['TLS of its own', () => []],
  ['a Unix socket', (folder: string) => ['--listen', `unix:${folder}/broker.sock`]],
] as const) {
  test(`exec, inject and export read through a broker over ${where}, until it is disabled`, async (t) => {
    const socketFolder = await temporaryFolder(t)
    const { host, folder, machine } = await enrolled(t, listen(socketFolder))
    const print = ['--', process.execPath, '-p', 'process.env.DB']
    const ran = await runLocket(machine, 'exec', '-e', 'DB={{ locket://shop/db }}', ...print)
    assert.deepEqual([ran.code, ran.out], [0, 'canary-through\n'], ran.err)
    const exported = await runLocket(machine, 'export', '-e', 'DB={{ locket://shop/db }}')
    assert.match(exported.out, /^DB=.?canary-through/m)
    const template = join(folder, 'app.tpl')
    writeFileSync(template, 'db={{ locket://shop/db }}\n')
    const injected = await runLocket(machine, 'inject', '--map', `${template}:${join(folder, 'app.conf')}`)
    assert.equal(injected.code, 0, injected.err)
    await runLocket(host, 'machine', 'disable', 'web1')
    const refused = await runLocket(machine, 'exec', '-e', 'DB={{ locket://shop/db }}', ...print)
    assert.equal(refused.code, 77)
    assert.match(refused.err, /locket at http.* does not answer this machine/)
    assert.ok(!refused.err.includes('canary'))
  })
}
