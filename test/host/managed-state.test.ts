import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openCacheFiles } from '../../src/host/last-known-good/cache-files.ts'
import { openHostKey } from '../../src/host/state/host-key.ts'
import { makeStateDir, openManagedState } from '../../src/host/state/managed-state.ts'
import { openStateFile } from '../../src/host/state/state-file.ts'
import { hasCode } from '../contract/host/mount-table-contract.ts'
import { record } from '../contract/host/store-contract.ts'
import { temporaryFolder, tinyDisk } from '../support/temporary-folder.ts'

async function folders(t: TestContext): Promise<{ config: string; preferred: string; fallback: string }> {
  const dir = await temporaryFolder(t)
  const config = join(dir, 'config')
  await mkdir(config)
  return { config, preferred: join(config, 'state'), fallback: join(dir, 'runtime', 'state') }
}

test('a config folder that can be written keeps the state', async (t) => {
  const { preferred, fallback } = await folders(t)
  const { store, dir, warnings } = await openManagedState(preferred, fallback)
  assert.deepEqual([dir, warnings], [preferred, []])
  await store.save([record('db')])
  assert.deepEqual((await openStateFile(preferred).load()).records, [record('db')])
  assert.equal((await stat(preferred)).mode & 0o777, 0o700)
  assert.deepEqual((await readdir(preferred)).toSorted(), ['mounts.log', 'state.json'])
})

test('without a config folder (sysfs in its place) the state is kept beside the volumes', async (t) => {
  const { fallback } = await folders(t)
  const { store, dir, warnings } = await openManagedState('/sys/module/state', fallback)
  assert.equal(dir, fallback)
  assert.match(warnings.join(), /goes with the plugin: set config\.source/)
  await store.save([record('db')])
  assert.deepEqual((await openStateFile(fallback).load()).records, [record('db')])
})

test('when a config folder appears the state moves there, and nothing of it stays behind', async (t) => {
  const { preferred, fallback } = await folders(t)
  await openStateFile(fallback).save([record('db', ['m1'])])
  await openHostKey(fallback)()
  await openCacheFiles(`${fallback}/cache`).write(record('db').name, Buffer.from('kept'))
  const { store, dir, warnings } = await openManagedState(preferred, fallback)
  assert.equal(dir, preferred)
  assert.match(warnings.join(), /state moved/)
  assert.deepEqual(await store.load(), { records: [record('db', ['m1'])], source: 'current', warnings: [] })
  assert.deepEqual(await readdir(fallback), [])
  assert.deepEqual((await openManagedState(preferred, fallback)).warnings, [])
})

test('volumes of both are united; of one that both know, what was saved later', async (t) => {
  const { preferred, fallback } = await folders(t)
  const at = (iso: string): { now: () => number } => ({ now: () => Date.parse(iso) })
  const both = { fallback: record('both', ['newer']), preferred: record('both', ['older']) }
  await openStateFile(fallback, at('2026-11-22T05:00:00Z')).save([both.fallback, record('mine')])
  await openStateFile(preferred, at('2026-11-22T04:00:00Z')).save([both.preferred, record('yours')])
  const { store } = await openManagedState(preferred, fallback)
  const byName = (await store.load()).records.toSorted((a, b) => a.name.localeCompare(b.name))
  assert.deepEqual(byName, [record('both', ['newer']), record('mine'), record('yours')])

  await openStateFile(fallback, at('2020-01-01T00:00:00Z')).save([record('both', ['oldest'])])
  const again = await openManagedState(preferred, fallback)
  const found = (await again.store.load()).records.find((one) => String(one.name) === 'both')
  assert.deepEqual(found, record('both', ['newer']))
})

test('the move does not hide a damaged part, and nothing is wiped because of it', async (t) => {
  const { preferred, fallback } = await folders(t)
  const store = openStateFile(fallback)
  await store.save([record('old')])
  await store.save([record('new')])
  await writeFile(join(fallback, 'state.json'), 'garbage')
  const managed = await openManagedState(preferred, fallback)
  assert.match(managed.warnings.join(), /is damaged/)
  const { records, source } = await managed.store.load()
  assert.deepEqual([records, source], [[record('old')], 'previous'])
})

test('a state that cannot be read at all is not moved over, nor forgotten', async (t) => {
  const { preferred, fallback } = await folders(t)
  await mkdir(fallback, { recursive: true })
  await writeFile(join(fallback, 'state.json'), 'garbage')
  await assert.rejects(openManagedState(preferred, fallback), hasCode('state_corrupt', /runtime\/state/))
  assert.deepEqual(await readdir(fallback), ['state.json'])
  const { store } = await openManagedState(preferred, fallback, { reset: true })
  assert.deepEqual((await store.load()).records, [])
  assert.deepEqual(await readdir(fallback), ['state.json.bad-1'])
})

test('a save that fails on the way leaves the fallback as it was', async (t) => {
  const { fallback } = await folders(t)
  await openStateFile(fallback).save(
    Array.from({ length: 200 }, (_, n) => record(`v${n}`, [], { filler: 'x'.repeat(100) })),
  )
  const preferred = join(await tinyDisk(t, 16 << 10), 'state')
  await assert.rejects(openManagedState(preferred, fallback), hasCode('io', /the disk is full/))
  assert.equal((await openStateFile(fallback).load()).records.length, 200)
})

test('volumes in a config folder that became read-only are not forgotten', async (t) => {
  const { fallback } = await folders(t)
  const disk = await tinyDisk(t, 1 << 20)
  await openStateFile(join(disk, 'state')).save([record('db')])
  execFileSync('mount', ['-o', 'remount,ro', disk])
  const { store, dir } = await openManagedState(join(disk, 'state'), fallback)
  assert.equal(dir, fallback)
  assert.deepEqual((await store.load()).records, [record('db')])
})

test('without the config folder that has the state, volumes are known by name and cannot change', async (t) => {
  const { preferred, fallback } = await folders(t)
  const { store } = await openManagedState(preferred, fallback)
  await store.save([record('db')])
  await store.save([record('db'), record('web', ['m1'])])
  const lost = hasCode('state_corrupt', /recorded in a config folder, and \/sys\/module is not/)
  const named = await openManagedState('/sys/module/state', fallback)
  assert.ok(named.fault !== undefined && lost(named.fault))
  const loaded = await named.store.load()
  assert.deepEqual(
    loaded.records.map(({ name, mounts }) => [name, mounts]),
    [
      ['db', []],
      ['web', []],
    ],
  )
  assert.equal(loaded.source, 'previous')
  await assert.rejects(named.store.save([]), lost)
  await store.save([record('db')])
  assert.deepEqual(
    (await (await openManagedState('/sys/module/state', fallback)).store.load()).records.length,
    1,
  )
  assert.equal((await openManagedState('/sys/module/state', fallback, { reset: true })).dir, fallback)
  assert.deepEqual((await (await openManagedState(preferred, fallback)).store.load()).records, [record('db')])
})

test('a plugin whose marker cannot be read refuses to start without its config folder', async (t) => {
  const { preferred, fallback } = await folders(t)
  await (await openManagedState(preferred, fallback)).store.save([record('db')])
  for (const content of ['', '{"volumes":["../x"]}', '[]']) {
    await writeFile(`${fallback}-is-in-config`, content)
    await assert.rejects(
      openManagedState('/sys/module/state', fallback),
      hasCode('state_corrupt', /recorded in/),
    )
  }
})

test('whether a folder takes files is found out by trying, and leaves nothing', async (t) => {
  const { config } = await folders(t)
  assert.equal(await makeStateDir(join(config, 'a', 'b')), true)
  assert.deepEqual(await readdir(join(config, 'a', 'b')), [])
  await writeFile(join(config, 'file'), '')
  assert.equal(await makeStateDir(join(config, 'file', 'b')), false)
  assert.equal(await makeStateDir('/proc/state'), false)
})
