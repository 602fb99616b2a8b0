/** `volume-subpath` came with engine 26: always on sid's, whatever engine the others run on. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'

import { IMAGE } from '../../scripts/engine/engine.ts'
import { findLeaks } from '../../scripts/engine/leaks.ts'
import { CONFIG, createVolume, recordsOf, startLocket } from '../../scripts/engine/locket.ts'
import { mountedVolumes } from '../../scripts/engine/plugin.ts'

const PASSWORD = 'canary-subpath-password-73de'
const engine = await startLocket({ version: 'sid', secrets: { a: PASSWORD } })
after(() => engine[Symbol.asyncDispose]())

test('volume-subpath of a file and of a folder', async (t) => {
  t.diagnostic(`engine ${engine.version}`)
  await createVolume(engine, 'sub', { 'secret.tls/key.pem': '{{ local://a }}', 'secret.other': 'other' })
  const file = await engine.ok([
    'run',
    '--rm',
    '--mount',
    mount('tls/key.pem', '/run/key'),
    IMAGE,
    'cat',
    '/run/key',
  ])
  assert.equal(file, PASSWORD)
  const script = 'ls /tls; cat /tls/key.pem'
  const folder = await engine.ok(['run', '--rm', '--mount', mount('tls', '/tls'), IMAGE, 'sh', '-c', script])
  assert.equal(folder, `key.pem\n${PASSWORD}`)
})

test('a subpath that is not there, or leaves the volume, is refused, and nothing stays mounted', async () => {
  for (const path of ['none', '../stage', '../../..']) {
    const ran = await engine.docker(['run', '--rm', '--mount', mount(path, '/x'), IMAGE, 'true'])
    assert.notEqual(ran.code, 0, path)
  }
  assert.deepEqual((await recordsOf(engine)).get('sub'), [])
  assert.equal((await mountedVolumes(engine)).size, 0)
})

test('two containers, one by a subpath: the last one to go wipes', async () => {
  const sleep = ['sh', '-c', 'trap exit TERM; sleep 100000 & wait']
  await engine.ok(['run', '-d', '--name', 'whole', '-v', 'sub:/s', IMAGE, ...sleep])
  await engine.ok(['run', '-d', '--name', 'part', '--mount', mount('tls/key.pem', '/k'), IMAGE, ...sleep])
  await engine.ok(['rm', '-f', 'whole'])
  assert.equal(await engine.ok(['exec', 'part', 'cat', '/k']), PASSWORD)
  await engine.ok(['rm', '-f', 'part'])
  assert.equal((await mountedVolumes(engine)).size, 0)
  await engine.ok(['volume', 'rm', 'sub'])
})

test('no value is anywhere but where it belongs', async () => {
  assert.deepEqual(await findLeaks(engine, [PASSWORD], { paths: [CONFIG] }), [])
})

function mount(path: string, target: string): string {
  return `type=volume,src=sub,dst=${target},volume-subpath=${path}`
}
