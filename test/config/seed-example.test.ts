import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadVolume } from './load-volume.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const EXAMPLE = `
[volume]
# Select the default provider. This can be overridden per volume using driver_opts.
provider = "op"
op-token = "file:/etc/locket/tokens/op"
user = "1000:1000"
log-level = "info"
`

test("the founding README's locket.toml is read without opening the token file", async (t) => {
  const file = join(await temporaryFolder(t), 'locket.toml')
  await writeFile(file, EXAMPLE)
  const { daemon, log } = loadVolume(['--config', file], {})
  assert.equal(log.level, 'info')
  const volume = daemon.volumeConfig({
    'secret.template': '{{ op://Mordin/TestKey/private key }}',
    mode: '448',
  })
  assert.deepEqual(
    [volume.written.owner?.uid, volume.written.owner?.gid, volume.written.rootMode],
    [1000, 1000, 0o700],
  )
  assert.equal(volume.parseRef('op://Mordin/TestKey/private key')?.provider, 'op')
})

test('its Bitwarden lines are taken as they are, and ids alone are references', async (t) => {
  const file = join(await temporaryFolder(t), 'locket.toml')
  await writeFile(file, '[volume]\nprovider = "bws"\nbws-token = "file:/etc/locket/tokens/bws"\n')
  const { parseRef } = loadVolume(['--config', file], {}).daemon.volumeConfig({})
  assert.equal(parseRef('3832b656-a93b-45ad-bdfa-b267016802c3')?.provider, 'bws')
})
