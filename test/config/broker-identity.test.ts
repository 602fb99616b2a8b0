import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadVolume } from './load-volume.ts'
import { problemOf } from './setting-rows.ts'

test('attack: the identity of this host at its broker, or its key, as a template of a volume', () => {
  const argv = ['--managed', '--broker-identity=/etc/locket/own/identity.json']
  const { daemon } = loadVolume(argv, {}, '/nonexistent/locket.toml')
  const said = problemOf(() => daemon.volumeConfig({ 'secret.a': '@/etc/locket/own/identity.json' }))
  assert.match(said, /belongs to the daemon's own configuration/)
  const { files } = daemon.volumeConfig({ 'secret.a': '@/etc/locket/own/private.pem' })
  const source = files.find(({ name }) => name === 'a')?.source
  // The reader refuses each file of the folder, after it has followed links.
  assert.ok(source?.kind === 'file' && source.except?.includes('/etc/locket/own'))
  assert.match(
    problemOf(() => daemon.volumeConfig({ 'broker-identity': '/etc/locket/x' })),
    /broker-identity/,
  )
})
