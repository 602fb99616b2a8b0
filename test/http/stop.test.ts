import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { startDaemon } from '../support/daemon.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test('a daemon that watches templates ends on SIGTERM, and leaves its mounts', async (t) => {
  const folder = await temporaryFolder(t)
  await writeFile(join(folder, 'template'), 'text')
  const daemon = await startDaemon({ folder, args: ['--watch'] })
  t.after(() => daemon.stop('SIGKILL'))
  await daemon.call('VolumeDriver.Create', { Name: 'v', Opts: { 'secret.a': `@${folder}/template` } })
  const { Mountpoint } = await daemon.call('VolumeDriver.Mount', { Name: 'v', ID: 'one' })
  const killed = setTimeout(() => void daemon.stop('SIGKILL'), 5000)
  assert.equal(await daemon.stop('SIGTERM'), 0, daemon.output())
  clearTimeout(killed)
  assert.equal(await readFile(join(Mountpoint, 'a'), 'utf8'), 'text')
})
