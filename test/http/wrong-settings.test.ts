import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { startDaemon } from '../support/daemon.ts'
import { setSecret } from '../support/local-secrets.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { untilLogged } from '../support/until-logged.ts'

const ID = 'a'.repeat(64)
const OTHER_ID = 'b'.repeat(64)
const CANARY = 'canary-77b0-value'
const Opts = { 'secret.a': '{{ local://db/password }}' }
const CAUSE = /SECRETS_PROVIDER.*did you mean op-connect.*docker plugin set/

test('a plugin with a wrong setting starts, and Create and Mount say what is wrong', async (t) => {
  const folder = await temporaryFolder(t)
  await setSecret(folder, 'db/password', CANARY)
  const sound = await startDaemon({ folder, args: ['--managed'] })
  await sound.call('VolumeDriver.Create', { Name: 'db', Opts })
  const { Mountpoint } = await sound.call('VolumeDriver.Mount', { Name: 'db', ID })
  await sound.stop('SIGKILL')

  const env = { SECRETS_PROVIDER: 'opconnect' }
  const daemon = await startDaemon({ folder, args: ['--managed'], env })
  t.after(() => daemon.stop('SIGKILL'))
  const { Err, Volumes } = await daemon.call('VolumeDriver.List')
  assert.deepEqual([Err, Volumes.map(({ Name }) => Name)], ['', ['db']])
  assert.equal((await daemon.call('VolumeDriver.Get', { Name: 'db' })).Err, '')
  assert.equal(await readFile(`${Mountpoint}/a`, 'utf8'), CANARY)
  assert.match((await daemon.call('VolumeDriver.Create', { Name: 'other', Opts })).Err, CAUSE)
  assert.match((await daemon.call('VolumeDriver.Mount', { Name: 'db', ID: OTHER_ID })).Err, CAUSE)
  const { Volume } = await daemon.call('VolumeDriver.Get', { Name: 'db' })
  assert.match(String(Volume.Status['lastError']), CAUSE)
  assert.equal((await daemon.call('VolumeDriver.Unmount', { Name: 'db', ID })).Err, '')
  await assert.rejects(readFile(`${Mountpoint}/a`))
  assert.equal((await daemon.call('VolumeDriver.Remove', { Name: 'db' })).Err, '')
  await untilLogged(() => daemon.output(), /daemon\.refusing .*did you mean op-connect/)
  assert.ok(!daemon.output().includes(CANARY))
})
