/**
 * moby's suite for external volume drivers (integration-cli/docker_cli_external_volume_driver_test.go),
 * replayed against locket.
 *
 * | behaviour                                  | here                                                     |
 * | ------------------------------------------ | -------------------------------------------------------- |
 * | named volume                               | 'a named volume …'                                       |
 * | unnamed volume                             | 'an unnamed volume …'                                    |
 * | --volumes-from                             | '--volumes-from …'                                       |
 * | container removed with -v                  | 'rm -fv …'                                               |
 * | bind of an external volume                 | 'inspect of a container …'                               |
 * | list                                       | 'list …'                                                 |
 * | get                                        | 'get …'                                                  |
 * | daemon restart                             | 'after a restart of the engine …'                        |
 * | mount ID                                   | 'each container has a mount ID of its own …'             |
 * | out-of-band delete, same driver, new opts  | 'a volume that was deleted behind the engine's back …'   |
 * | out-of-band delete, another driver         | same                                                     |
 * | failed mount, also with -w                 | 'a mount that fails …'                                   |
 * | docker cp                                  | 'docker cp …'                                            |
 * | name in use by another driver              | 'one name, two drivers …'                                |
 * | driver that appears late is retried        | legacy-socket.test.ts: a managed plugin is never late     |
 * | a driver that is down blocks nobody else   | the engine alone decides it; no plugin takes part        |
 * | Get with an empty answer                   | the engine alone: locket never answers that              |
 * | Path is not called; Capabilities is, once  | the engine alone: what it calls is not ours to say       |
 */
import assert from 'node:assert/strict'
import { stat } from 'node:fs/promises'
import { after, test } from 'node:test'

import { callDriver } from '../../scripts/engine/driver-call.ts'
import { IMAGE } from '../../scripts/engine/engine.ts'
import { findLeaks } from '../../scripts/engine/leaks.ts'
import {
  CONFIG,
  createArgs,
  createVolume,
  onHost,
  recordsOf,
  runWith,
  startLocket,
  startWith,
  statusOf,
} from '../../scripts/engine/locket.ts'
import { mountedVolumes } from '../../scripts/engine/plugin.ts'

const PASSWORD = 'canary-moby-password-77aa'
const engine = await startLocket({ secrets: { 'db/password': PASSWORD } })
after(() => engine[Symbol.asyncDispose]())
const options = { 'secret.test': '{{ local://db/password }}' }

test('a named volume is made by docker run, mounted and unmounted once, and then removed', async () => {
  const args = ['run', '--rm', '--name', 'named', '-v', 'external:/s', '--volume-driver', 'locket', IMAGE]
  assert.equal(await engine.ok([...args, 'sh', '-c', 'ls /s | wc -l']), '0')
  assert.equal(await engine.ok(['volume', 'inspect', '--format', '{{.Driver}}', 'external']), 'locket:latest')
  assert.deepEqual((await recordsOf(engine)).get('external'), [])
  await engine.ok(['volume', 'rm', 'external'])
  assert.equal((await recordsOf(engine)).has('external'), false)
  assert.equal((await mountedVolumes(engine)).size, 0)
})

test('an unnamed volume comes and goes with its container', async () => {
  const before = (await recordsOf(engine)).size
  await engine.ok(['run', '--rm', '-v', '/s', '--volume-driver', 'locket', IMAGE, 'touch', '/s/file'])
  assert.equal((await recordsOf(engine)).size, before)
  assert.equal((await mountedVolumes(engine)).size, 0)
})

test('--volumes-from: two mounts, two unmounts', async () => {
  await createVolume(engine, 'from', options)
  await startWith(engine, 'vol-test1', 'from')
  await startWith(engine, 'vol-test2', 'from', [])
  await engine.ok(['rm', '-f', 'vol-test2'])
  const read = await engine.ok(['run', '--rm', '--volumes-from', 'vol-test1', IMAGE, 'cat', '/s/test'])
  assert.equal(read, PASSWORD)
  assert.equal((await recordsOf(engine)).get('from')?.length, 1)
  await engine.ok(['rm', '-f', 'vol-test1'])
  assert.deepEqual((await recordsOf(engine)).get('from'), [])
  assert.equal((await mountedVolumes(engine)).size, 0)
  await engine.ok(['volume', 'rm', 'from'])
})

test('rm -fv of a running container unmounts, and keeps a named volume', async () => {
  await createVolume(engine, 'kept', options)
  await startWith(engine, 'rmfv', 'kept')
  await engine.ok(['rm', '-fv', 'rmfv'])
  assert.deepEqual((await recordsOf(engine)).get('kept'), [])
  assert.equal((await mountedVolumes(engine)).size, 0)
  await engine.ok(['volume', 'rm', 'kept'])
})

test('inspect of a container names the volume and its driver', async () => {
  await createVolume(engine, 'bound', options)
  await startWith(engine, 'inspected', 'bound')
  const [mount] = JSON.parse(await engine.ok(['inspect', '--format', '{{json .Mounts}}', 'inspected']))
  assert.equal(mount.Type, 'volume')
  assert.equal(mount.Name, 'bound')
  assert.match(mount.Driver, /^locket/)
  assert.equal(mount.RW, true)
  assert.ok((await stat(onHost(engine, `${(await mountedVolumes(engine)).get('bound')}/data/test`))).isFile())
  await engine.ok(['rm', '-f', 'inspected'])
  await engine.ok(['volume', 'rm', 'bound'])
})

test('list shows every volume and nothing else', async () => {
  for (const name of ['list1', 'list2', 'list3']) await createVolume(engine, name, options)
  const listed = await engine.ok([
    'volume',
    'ls',
    '--filter',
    'driver=locket:latest',
    '--format',
    '{{.Name}}',
  ])
  assert.deepEqual(listed.split('\n').sort(), ['list1', 'list2', 'list3'])
  await engine.ok(['volume', 'rm', 'list1', 'list2', 'list3'])
})

test('get of an unknown volume says so; of a known one Status and CreatedAt come through', async () => {
  assert.match(await engine.fails(['volume', 'inspect', 'dummy']), /no such volume/i)
  await createVolume(engine, 'got', options)
  const [view] = JSON.parse(await engine.ok(['volume', 'inspect', 'got']))
  assert.match(view.Status.files.join(), /^test \(/)
  assert.ok(Math.abs(Date.parse(view.CreatedAt) - Date.now()) < 60_000, view.CreatedAt)
  assert.deepEqual(view.Options, options)
  await engine.ok(['volume', 'rm', 'got'])
})

test('after a restart of the engine the volume works as before', async () => {
  await createVolume(engine, 'restarted', options)
  await engine.kill('SIGTERM')
  await engine.start()
  assert.equal(await runWith(engine, 'restarted', 'cat /s/test'), PASSWORD)
  const inspected = ['volume', 'inspect', '--format', '{{.Driver}}', 'restarted']
  assert.match(await engine.ok(inspected), /^locket/)
  await engine.ok(['volume', 'rm', 'restarted'])
})

test('each container has a mount ID of its own, and each start a new one', async () => {
  await createVolume(engine, 'ids', options)
  await startWith(engine, 'id1', 'ids')
  await startWith(engine, 'id2', 'ids')
  const first = (await recordsOf(engine)).get('ids') ?? []
  assert.equal(new Set(first).size, 2)
  const shown = (await statusOf(engine, 'ids')).mounts
  for (const id of first)
    assert.ok(
      shown.some((line) => line.startsWith(`${id.slice(0, 12)} `)),
      `${id} in ${shown.join('; ')}`,
    )
  await engine.ok(['restart', '-t', '5', 'id1'])
  const second = (await recordsOf(engine)).get('ids') ?? []
  assert.equal(second.length, 2)
  assert.equal(second.filter((id) => first.includes(id)).length, 1)
  await engine.ok(['rm', '-f', 'id1', 'id2'])
  await engine.ok(['volume', 'rm', 'ids'])
})

test("a volume that was deleted behind the engine's back is made again with other options", async () => {
  await createVolume(engine, 'gone', options)
  assert.equal((await callDriver(engine, 'Remove', { Name: 'gone' }))['Err'], '')
  await createVolume(engine, 'gone', { 'secret.test': 'other' })
  assert.equal(await runWith(engine, 'gone', 'cat /s/test'), 'other')
  assert.equal((await callDriver(engine, 'Remove', { Name: 'gone' }))['Err'], '')
  await engine.ok(['volume', 'create', '-d', 'local', 'gone'])
  assert.equal(await engine.ok(['volume', 'inspect', '--format', '{{.Driver}}', 'gone']), 'local')
  await engine.ok(['volume', 'rm', 'gone'])
})

test('a mount that fails says why to the user, is not unmounted, and leaves nothing', async () => {
  await createVolume(engine, 'failing', { 'secret.test': '{{ local://no/such/secret }}' })
  for (const more of [[], ['-w', '/s']]) {
    const said = await engine.fails(['run', '--rm', '-v', 'failing:/s', ...more, IMAGE, 'true'])
    assert.match(said, /failing.*local:\/\/no\/such\/secret/s)
  }
  assert.deepEqual((await recordsOf(engine)).get('failing'), [])
  assert.equal((await mountedVolumes(engine)).size, 0)
  const { lastError } = await statusOf(engine, 'failing')
  assert.match(lastError ?? '', /local:\/\/no\/such\/secret/)
  assert.doesNotMatch(await engine.logs(), /unmount of something that is not mounted/)
  await engine.ok(['volume', 'rm', 'failing'])
})

test('docker cp mounts and unmounts for itself', async () => {
  await createVolume(engine, 'cp', options)
  await startWith(engine, 'cp', 'cp')
  await engine.copy('cp:/s/test', '/run/e2e/cp-out')
  assert.equal((await recordsOf(engine)).get('cp')?.length, 1)
  assert.equal(await engine.ok(['exec', 'cp', 'cat', '/s/test']), PASSWORD)
  await engine.ok(['rm', '-f', 'cp'])
  assert.equal((await mountedVolumes(engine)).size, 0)
  await engine.ok(['volume', 'rm', 'cp'])
  await engine.sandbox.exec('rm', ['/run/e2e/cp-out'])
})

test('one name, two drivers: refused', async () => {
  await engine.ok(['volume', 'create', '-d', 'local', 'conflict'])
  assert.match(await engine.fails(createArgs('conflict', options)), /conflict|must be unique/)
  await engine.ok(['volume', 'rm', 'conflict'])
  assert.equal((await recordsOf(engine)).has('conflict'), false)
})

test('a request without a body, as the engine repeats a lost one, changes nothing', async () => {
  await createVolume(engine, 'empty', options)
  const before = await recordsOf(engine)
  for (const endpoint of ['Create', 'Remove', 'Mount', 'Unmount']) {
    assert.notEqual((await callDriver(engine, endpoint, undefined))['Err'], '', endpoint)
  }
  assert.deepEqual(await recordsOf(engine), before)
  await engine.ok(['volume', 'rm', 'empty'])
})

test('no value is anywhere but where it belongs', async () => {
  assert.deepEqual(await findLeaks(engine, [PASSWORD], { paths: [CONFIG] }), [])
})
