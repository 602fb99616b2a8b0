import assert from 'node:assert/strict'
import { stat } from 'node:fs/promises'
import { after, test } from 'node:test'

import { fakeConnect, TOKEN_FILE, writeToken } from '../../scripts/engine/connect.ts'
import { findLeaks } from '../../scripts/engine/leaks.ts'
import {
  createVolume,
  LOCKET,
  onHost,
  recordsOf,
  startLocket,
  startWith,
} from '../../scripts/engine/locket.ts'
import { killPlugin, mountedVolumes, pluginNamed } from '../../scripts/engine/plugin.ts'
import { until } from '../../scripts/engine/until.ts'

const OLD = 'canary-status-old-51d0'
const NEW = 'canary-status-new-88ce'
const TOKEN = 'canary-status-token-0f7a'
const PORT = 9323

const engine = await startLocket({
  settings: { LOCKET_METRICS_ADDRESS: `127.0.0.1:${PORT}` },
  toml: `
[volume]
connect-host = "http://127.0.0.1:8080"
connect-token = "file:/etc/locket/${TOKEN_FILE}"
connect-max-rate = "600/m"
`,
})
after(() => engine[Symbol.asyncDispose]())
const connect = await fakeConnect(engine, { token: TOKEN, password: OLD })
await writeToken(engine, TOKEN)

/** `locket ARGS…` on the engine's host. */
async function locket(...args: string[]): Promise<string> {
  const ran = await engine.sandbox.exec(LOCKET, args)
  assert.deepEqual([ran.code, ran.stderr], [0, ''], args.join(' '))
  return ran.stdout
}

test('before a volume: status finds the plugin by itself, and its socket is for root alone', async () => {
  const { id } = await pluginNamed(engine)
  const folder = `/run/docker/plugins/${id}`
  assert.equal((await stat(onHost(engine, `${folder}/locket-admin.sock`))).mode & 0o777, 0o600)
  assert.match(await locket('status'), /^locket \d+\.\d+\.\d+: 0 volumes, 0 mounted\n$/)
  // The engine does not take the socket for a plugin of its own.
  assert.doesNotMatch(await engine.ok(['info', '--format', '{{.Plugins.Volume}}']), /admin/)
  const start = performance.now()
  await engine.ok(['volume', 'ls'])
  assert.ok(performance.now() - start < 5000)
})

test('a rotated secret: one line of the status says generation 2, and how old it is', async () => {
  await connect.start()
  await createVolume(engine, 'rotated', {
    'secret.password': '{{ op://v/i/password }}',
    refresh: '5s',
    'mount-timeout': '2s',
  })
  await startWith(engine, 'app', 'rotated')
  assert.match(await locket('status'), /^rotated +mounted +1 +1 +\d+s +\d+s +\d+s$/m)
  await connect.stop()
  await until('it is stale', async () => /^rotated +stale +1 +1 /m.test(await locket('status')))
  const rotated = await fakeConnect(engine, { token: TOKEN, password: NEW })
  await rotated.start()
  await locket('volume', 'refresh', 'rotated')
  assert.equal(await engine.ok(['exec', 'app', 'cat', '/s/password']), NEW)
  const text = await locket('status')
  assert.match(text, /^rotated +mounted +1 +2 +\d+s +\d+s +\d+s$/m)
  assert.match(text, /^op-connect +op-connect +1 +\d+ +5\d\d of 600\/m +(ok|\d+ failures?)$/m)
  process.stdout.write(`${text.split('\n').find((line) => line.startsWith('rotated'))}\n`)
  assert.match(await locket('volume', 'render', 'rotated', '--dry-run'), /^ +\d+ {2}password$/m)
})

test('a plugin that was killed comes back with the generation, and its socket', async () => {
  await killPlugin(engine, 'KILL')
  await until('status answers again', async () => {
    const ran = await engine.sandbox.exec(LOCKET, ['status'])
    return ran.code === 0 && /^rotated +mounted +1 +2 /m.test(ran.stdout)
  })
})

test('metrics on the socket and at the address of the setting', async () => {
  const { id } = await pluginNamed(engine)
  const path = `/run/docker/plugins/${id}/locket-admin.sock`
  const script = `require('http').get({ socketPath: '${path}', path: '/metrics' }, (it) => it.pipe(process.stdout))`
  const answers = await Promise.all([
    engine.sandbox.exec(process.execPath, ['-e', script]),
    engine.sandbox.exec('busybox', ['wget', '-qO-', `http://127.0.0.1:${PORT}/metrics`]),
  ])
  for (const { stdout } of answers) {
    assert.match(stdout, /^locket_volume_generation\{volume="rotated"\} 2$/m)
    assert.match(stdout, /^locket_volume_bytes\{volume="rotated"\} \d{4,}$/m)
  }
})

test('release ends a reference that the engine has lost, and wipes after the last one', async () => {
  assert.match(
    await locket('volume', 'release', 'rotated'),
    /^rotated: released [0-9a-f]{12}; wiped and unmounted\n$/,
  )
  assert.deepEqual((await recordsOf(engine)).get('rotated'), [])
  assert.deepEqual([...(await mountedVolumes(engine)).keys()], [])
  // The engine has not really lost it: its Unmount is one of something that is not mounted.
  await engine.ok(['rm', '-f', 'app'])
  await engine.ok(['volume', 'rm', 'rotated'])
})

test('no value in the status, in the metrics or anywhere else', async () => {
  const texts = [await locket('status', '--format=json')]
  for (const text of texts) for (const value of [OLD, NEW, TOKEN]) assert.ok(!text.includes(value))
  assert.deepEqual(await findLeaks(engine, [OLD, NEW, TOKEN]), [])
})
