import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { command } from '../../scripts/engine/command.ts'
import { IMAGE } from '../../scripts/engine/engine.ts'
import { findLeaks } from '../../scripts/engine/leaks.ts'
import { CONFIG, createVolume, startLocket } from '../../scripts/engine/locket.ts'
import { buildImage, putOnHost, sidecarProject } from '../../scripts/engine/sidecar.ts'

const VALUE = 'canary-image-uses-51b7'
const engine = await startLocket()
after(() => engine[Symbol.asyncDispose]())
await buildImage(engine)
const AS_ROOT = ['run', '--rm', '-i', '-u', '0', '-v', `${CONFIG}:/etc/locket`]

test('on a host with only the plugin, the image stores a secret that a volume reads', async () => {
  const set = [...AS_ROOT, 'locket', 'secret', 'set', 'db/password', '--stdin']
  const ran = await command('docker', set, { env: engine.env, input: VALUE })
  assert.equal(ran.code, 0, ran.stderr)
  assert.match(ran.stderr, /stored local:\/\/db\/password/)
  assert.equal(await engine.ok([...AS_ROOT, 'locket', 'secret', 'list', '--names']), 'db/password')
  await createVolume(engine, 'stored', { 'secret.password': '{{ local://db/password }}' })
  const read = ['run', '--rm', '-v', 'stored:/s:ro', IMAGE, 'cat', '/s/password']
  assert.equal(await engine.ok(read), VALUE)
  await engine.ok(['volume', 'rm', 'stored'])
})
