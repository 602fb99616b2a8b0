import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createVolumeTable } from '../../src/app/volume/volume-table.ts'
import { LocketError } from '../../src/core/vocabulary/errors.ts'
import { parseMountId, parseVolumeName } from '../../src/core/vocabulary/names.ts'
import type { Store } from '../../src/core/ports/store.ts'
import { addMount, type VolumeRecord } from '../../src/core/volume/record.ts'
import { mergeSaves } from '../../src/host/state/merge-saves.ts'

/** A disk whose writes end one by one, as the test says. */
function slowStore() {
  let saved: readonly VolumeRecord[] = []
  const writing: { end(error?: LocketError): void }[] = []
  const store: Store = {
    load: async () => ({ records: saved, source: 'current', warnings: [] }),
    save: mergeSaves(async (records) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      writing.push({ end: (error) => (error === undefined ? resolve() : reject(error)) })
      await promise
      saved = records
    }),
  }
  const settle = () => new Promise((done) => setImmediate(done))
  return {
    store,
    names: () => saved.map((record) => `${record.name}:${record.mounts.length}`),
    async write(error?: LocketError): Promise<void> {
      await settle()
      writing.shift()?.end(error)
      await settle()
    },
    isIdle: () => writing.length === 0,
  }
}

const FULL = new LocketError('io', 'ENOSPC')

function recordOf(name: string): VolumeRecord {
  return { name: parseVolumeName(name), options: {}, createdAt: '', mounts: [] }
}

test('a change taken back after a failed save is not written by the save that waited', async () => {
  const disk = slowStore()
  const table = createVolumeTable(disk.store)
  const adding = Promise.all([table.add(recordOf('old')), disk.write()])
  const [old] = await adding
  const failing = table.update(old, addMount(old.record, { id: parseMountId('id'), since: '', bootId: '' }))
  const alsoFailing = assert.rejects(failing, /ENOSPC/)
  await new Promise((done) => setImmediate(done))
  const waiting = table.add(recordOf('new'))
  await disk.write(FULL)
  await alsoFailing
  await disk.write()
  await waiting
  assert.equal(old.record.mounts.length, 0)
  await disk.write()
  assert.deepEqual(disk.names(), ['old:0', 'new:0'])
  assert.ok(disk.isIdle())
})

test('a volume whose Create failed is not there after a restart', async () => {
  const disk = slowStore()
  const table = createVolumeTable(disk.store)
  const failing = assert.rejects(table.add(recordOf('failed')), /ENOSPC/)
  await new Promise((done) => setImmediate(done))
  const waiting = table.add(recordOf('fine'))
  await disk.write(FULL)
  await failing
  await disk.write()
  await waiting
  await disk.write()
  assert.deepEqual(disk.names(), ['fine:0'])
})
