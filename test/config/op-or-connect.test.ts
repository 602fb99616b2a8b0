import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadVolume } from './load-volume.ts'
import type { VolumeConfig } from '../../src/config/volume/volume-config.ts'
import { problemOf } from './setting-rows.ts'

const CANARY = 'canary-token-41c7'

/** A volume without options, of a daemon with these variables. */
function volumeOf(env: Record<string, string>): VolumeConfig {
  return loadVolume([], env, '/nonexistent/locket.toml').daemon.volumeConfig({})
}

test('what only Connect can read is a reference of the one that op:// means, and no other', () => {
  const connect = volumeOf({ OP_CONNECT_HOST: 'https://connect.internal', OP_CONNECT_TOKEN: CANARY })
  const service = volumeOf({ OP_SERVICE_ACCOUNT_TOKEN: CANARY })
  for (const text of ['op://Café/i/f', 'op://v/i/f?attribute=title', 'op://v/a%2Fb/f']) {
    assert.equal(connect.parseRef(text)?.provider, 'op-connect')
    assert.match(
      problemOf(() => service.parseRef(text)),
      /1Password's SDK/,
    )
  }
  assert.equal(service.parseRef('op://v/i/f')?.provider, 'op')
  assert.match(
    problemOf(() => service.parseRef('op://v')),
    /^op:\/\/v has 1 part/,
  )
})
