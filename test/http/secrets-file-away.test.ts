import assert from 'node:assert/strict'
import { rename } from 'node:fs/promises'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../../scripts/engine/until.ts'
import { startDaemon } from '../support/daemon.ts'
import { secretPaths, setSecret } from '../support/local-secrets.ts'
import { mountPointsBelow, temporaryFolder } from '../support/temporary-folder.ts'

const ID = 'a'.repeat(64)
const CANARY = 'canary-31c4-value'
const OPTIONS = { 'secret.db_password': '{{ local://db/password }}' }

/** A daemon that has read its secrets file, which is away now. `back` puts it back. */
async function withoutSecretsFile(t: Parameters<typeof temporaryFolder>[0]) {
  const folder = await temporaryFolder(t)
  await setSecret(folder, 'db/password', CANARY)
  const daemon = await startDaemon({ folder })
  t.after(() => daemon.stop('SIGKILL'))
  await daemon.call('VolumeDriver.Create', { Name: 'db', Opts: OPTIONS })
  assert.equal((await daemon.call('VolumeDriver.Mount', { Name: 'db', ID })).Err, '')
  await daemon.call('VolumeDriver.Unmount', { Name: 'db', ID })
  const { file } = secretPaths(folder)
  await rename(file, `${file}.away`)
  return { daemon, back: () => rename(`${file}.away`, file) }
}

test('a secrets file that was there before and is away is waited for', async (t) => {
  const { daemon, back } = await withoutSecretsFile(t)
  const mounting = daemon.call('VolumeDriver.Mount', { Name: 'db', ID })
  await sleep(700)
  await back()
  assert.equal((await mounting).Err, '')
})

test('a mount whose engine hangs up is undone, and the repetition gets the reason', async (t) => {
  const { daemon, back } = await withoutSecretsFile(t)
  const hangUp = new AbortController()
  const mounting = daemon.call('VolumeDriver.Mount', { Name: 'db', ID }, { signal: hangUp.signal })
  await sleep(400)
  hangUp.abort()
  await assert.rejects(mounting)
  await until('the failure is remembered', async () => {
    const { Volume } = await daemon.call('VolumeDriver.Get', { Name: 'db' })
    return Volume.Status['lastError'] !== null
  })
  assert.match(
    (await daemon.call('VolumeDriver.Mount')).Err,
    /volume db not mounted.*secrets\.age is not there.*stopped waiting/,
  )
  await back()
  await sleep(500)
  assert.deepEqual(await mountPointsBelow(daemon.runtimeDir), [])
  assert.deepEqual((await daemon.call('VolumeDriver.Get', { Name: 'db' })).Volume.Status['mounts'], undefined)
})
