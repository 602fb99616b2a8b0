import assert from 'node:assert/strict'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { createVolume } from '../../src/app/volume/create.ts'
import { NEVER } from '../../src/app/volume/driver.ts'
import { mountVolume } from '../../src/app/volume/mount.ts'
import { getVolume } from '../../src/app/volume/status/status.ts'
import { unmountVolume } from '../../src/app/volume/unmount.ts'
import type { RequestedFile } from '../../src/core/plan/plan.ts'
import { until } from '../../scripts/engine/until.ts'
import { CANARY, openWorld, testDriver, WRITTEN } from './world.ts'

const OWNER = { uid: 1000, gid: 1001 }
const ACCESS = { mode: 0o440, owner: { uid: 101, gid: 102 } }

function file(name: string, template: string, access?: RequestedFile['access']): RequestedFile {
  return { name, source: { kind: 'inline', template }, access, origin: name }
}

async function facts(path: string): Promise<string> {
  const { mode, uid, gid } = await stat(path)
  return `${(mode & 0o7777).toString(8)} ${uid}:${gid}`
}

test('a file has its own mode and owner on the tmpfs, and has them after a change too', async (t) => {
  const world = await openWorld(t)
  const template = join(world.runtimeDir, '../app.conf')
  await writeFile(template, 'one')
  const files = [
    file('plain', '{{ memory://a }}'),
    file('mode', '{{ memory://a }}', { mode: 0o444 }),
    { ...file('tls/key', '', ACCESS), source: { kind: 'file', path: template } as const },
  ]
  const written = { ...WRITTEN, owner: OWNER, rootMode: 0o711, dirMode: 0o711 }
  const driver = testDriver(world, { files, written, watch: true })
  await createVolume(driver, 'v', {}, NEVER)
  const { mountpoint } = await mountVolume(driver, 'v', 'one', NEVER)
  const all = () =>
    Promise.all(['.', 'plain', 'mode', 'tls', 'tls/key'].map((path) => facts(join(mountpoint, path))))
  const expected = ['711 1000:1001', '600 1000:1001', '444 1000:1001', '711 1000:1001', '440 101:102']
  assert.deepEqual(await all(), expected)
  assert.equal(await readFile(join(mountpoint, 'mode'), 'utf8'), `${CANARY}-a`)
  await writeFile(template, 'two')
  await until('it is written', async () => (await readFile(join(mountpoint, 'tls/key'), 'utf8')) === 'two')
  assert.deepEqual(await all(), expected)
  assert.deepEqual(getVolume(driver, 'v').status.warnings, [
    'no reference, so the text is written as it is (is {{ reference }} meant?), in tls/key',
  ])
  await unmountVolume(driver, 'v', 'one')
})

test('Status warns of users who cannot reach their file, and of a mode that became a file', async (t) => {
  const world = await openWorld(t)
  const files = [
    file('key', '{{ memory://a }}', ACCESS),
    file('key.uid', '101'),
    file('other.mode', '{{ memory://b }}'),
  ]
  const driver = testDriver(world, { files })
  await createVolume(driver, 'v', {}, NEVER)
  const { warnings } = getVolume(driver, 'v').status
  assert.deepEqual(warnings.slice(1), [
    'key.uid is a file of its own: is secret-user.key meant?',
    'the users of key may not enter the folder, which belongs to 0:0 with mode 0700: set mode to "0711"',
  ])
  assert.deepEqual(world.log.lines.filter(({ event }) => event === 'volume.warning').length, warnings.length)
})

test('with userns-remap, the owner of a file that no container can read is named', async (t) => {
  const world = await openWorld(t)
  const remapped = { uid: 100_000, gid: 100_000 }
  const files = [file('plain', '{{ memory://a }}'), file('key', '{{ memory://a }}', ACCESS)]
  const written = { ...WRITTEN, owner: remapped, rootMode: 0o711 }
  const plain = testDriver(world, { files, written })
  const driver = { ...plain, host: { ...plain.host, remapped } }
  await createVolume(driver, 'v', {}, NEVER)
  await mountVolume(driver, 'v', 'one', NEVER)
  assert.match(
    getVolume(driver, 'v').status.warnings.join('\n'),
    /^no container can read the files of 101:102: this engine has userns-remap/,
  )
  await unmountVolume(driver, 'v', 'one')
})
