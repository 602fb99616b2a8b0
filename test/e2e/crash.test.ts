import assert from 'node:assert/strict'
import { after, test } from 'node:test'

import { findLeaks } from '../../scripts/engine/leaks.ts'
import {
  CONFIG,
  createVolume,
  recordsOf,
  runWith,
  startLocket,
  startWith,
  statusOf,
} from '../../scripts/engine/locket.ts'
import { killPlugin, mountedVolumes, pluginNamed } from '../../scripts/engine/plugin.ts'
import { until } from '../../scripts/engine/until.ts'

const PASSWORD = 'canary-crash-password-c4b1'
const engine = await startLocket({ secrets: { a: PASSWORD } })
after(() => engine[Symbol.asyncDispose]())
const options = { 'secret.a': '{{ local://a }}' }

test('kill -9 of the plugin: containers read on, references hold, the last unmount wipes', async () => {
  await createVolume(engine, 'killed', options)
  await startWith(engine, 'k1', 'killed')
  await startWith(engine, 'k2', 'killed')
  const before = await recordsOf(engine)
  await killAndWait()
  assert.deepEqual(await recordsOf(engine), before)
  assert.equal(await readIn('k1'), PASSWORD)
  assert.equal((await statusOf(engine, 'killed')).mounts.length, 2)
  await startWith(engine, 'k3', 'killed')
  assert.equal(await readIn('k3'), PASSWORD)
  await engine.ok(['rm', '-f', 'k1', 'k3'])
  assert.equal(await readIn('k2'), PASSWORD)
  await engine.ok(['rm', '-f', 'k2'])
  assert.equal((await mountedVolumes(engine)).has('killed'), false)
  await engine.ok(['volume', 'rm', 'killed'])
})

test('a container that ends while the plugin is down: its volume can be used and removed', async () => {
  await createVolume(engine, 'ended', options)
  await startWith(engine, 'e1', 'ended')
  await killPlugin(engine, 'STOP')
  const removed = engine.docker(['rm', '-f', 'e1'], { timeoutMs: 60_000 })
  await killPlugin(engine, 'KILL')
  assert.equal((await removed).code, 0)
  await until('the plugin is back', async () => (await statusOf(engine, 'ended')).state !== undefined)
  assert.equal(await runWith(engine, 'ended', 'cat /s/a'), PASSWORD)
  await engine.ok(['volume', 'rm', 'ended'])
  assert.equal((await mountedVolumes(engine)).has('ended'), false)
  assert.equal((await recordsOf(engine)).has('ended'), false)
})

test('kill -9 of dockerd: containers restart with their secrets, and the volume can be removed', async () => {
  await createVolume(engine, 'dead', options)
  await startWith(engine, 'd1', 'dead')
  await startWith(engine, 'd2', 'dead', ['--restart', 'always'])
  await engine.kill('SIGKILL')
  await engine.start()
  assert.equal(await engine.ok(['volume', 'inspect', '--format', '{{.Driver}}', 'dead']), 'locket:latest')
  assert.equal(await until('d2 runs again', () => readIn('d2')), PASSWORD)
  await engine.ok(['start', 'd1'])
  assert.equal(await readIn('d1'), PASSWORD)
  await engine.ok(['rm', '-f', 'd1', 'd2'])
  await engine.ok(['volume', 'rm', 'dead'])
  assert.equal((await mountedVolumes(engine)).has('dead'), false)
  assert.equal((await recordsOf(engine)).has('dead'), false)
})

test('dockerd stops gracefully and comes back: unmounted meanwhile, mounted again', async () => {
  await createVolume(engine, 'graceful', options)
  await startWith(engine, 'g1', 'graceful', ['--restart', 'always'])
  const [before] = (await recordsOf(engine)).get('graceful') ?? []
  await engine.kill('SIGTERM')
  assert.equal((await mountedVolumes(engine)).has('graceful'), false)
  assert.deepEqual((await recordsOf(engine)).get('graceful'), [])
  await engine.start()
  assert.equal(await until('g1 runs again', () => readIn('g1')), PASSWORD)
  const mounts = (await recordsOf(engine)).get('graceful') ?? []
  assert.equal(mounts.length, 1)
  assert.notEqual(mounts[0], before)
  await engine.ok(['rm', '-f', 'g1'])
  await engine.ok(['volume', 'rm', 'graceful'])
})

test('plugin disable is refused while in use; after disable -f and enable, orphans heal', async () => {
  await createVolume(engine, 'forced', options)
  await startWith(engine, 'f1', 'forced')
  const [id] = (await recordsOf(engine)).get('forced') ?? []
  assert.match(await engine.fails(['plugin', 'disable', 'locket']), /in use/)
  await engine.ok(['plugin', 'disable', '-f', 'locket'])
  assert.equal((await mountedVolumes(engine)).has('forced'), false)
  assert.equal(await readIn('f1'), PASSWORD)
  await engine.ok(['plugin', 'enable', 'locket'])
  const status = await until('locket knows the volume again', () => statusOf(engine, 'forced'))
  assert.equal(status.state, 'orphaned')
  assert.match(status.mounts.join(), new RegExp(`^${id?.slice(0, 12)} .*orphaned`))
  assert.match(status.warnings.join(), /restart/)
  await engine.ok(['restart', '-t', '5', 'f1'])
  assert.equal(await readIn('f1'), PASSWORD)
  const healed = await statusOf(engine, 'forced')
  assert.equal(healed.state, 'mounted')
  assert.equal(healed.mounts.length, 1)
  await engine.ok(['rm', '-f', 'f1'])
  assert.equal((await mountedVolumes(engine)).has('forced'), false)
  await engine.ok(['volume', 'rm', 'forced'])
})

test('a reboot: engine, plugin and every tmpfs gone at once', async () => {
  await createVolume(engine, 'rebooted', options)
  await startWith(engine, 'r1', 'rebooted', ['--restart', 'always'])
  await startWith(engine, 'r2', 'rebooted')
  await engine.crash()
  assert.equal((await mountedVolumes(engine)).size, 0)
  await engine.start()
  assert.equal(await until('r1 runs again', () => readIn('r1')), PASSWORD)
  await engine.ok(['start', 'r2'])
  assert.equal(await readIn('r2'), PASSWORD)
  assert.equal((await statusOf(engine, 'rebooted')).state, 'mounted')
  await engine.ok(['rm', '-f', 'r1', 'r2'])
  await engine.ok(['volume', 'rm', 'rebooted'])
  assert.equal((await mountedVolumes(engine)).size, 0)
})

test('no value is anywhere but where it belongs', async () => {
  assert.deepEqual(await findLeaks(engine, [PASSWORD], { paths: [CONFIG] }), [])
})

async function readIn(container: string): Promise<string> {
  return await engine.ok(['exec', container, 'cat', '/s/a'])
}

/** The engine starts it again by itself. */
async function killAndWait(): Promise<void> {
  const { pid } = await pluginNamed(engine)
  await killPlugin(engine, 'KILL')
  await until('the plugin is started again', async () => {
    const now = (await pluginNamed(engine)).pid
    return now !== undefined && now !== pid
  })
  await engine.ok(['volume', 'ls'])
}
