import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  engineRestarted,
  mountAdded,
  observed,
  restoredState,
  taskStarted,
  usesOf,
} from '../../src/app/volume/state.ts'
import { createVolumeTable, type VolumeIdentity } from '../../src/app/volume/volume-table.ts'
import { LocketError } from '../../src/core/vocabulary/errors.ts'
import { parseMountId, parseVolumeName } from '../../src/core/vocabulary/names.ts'
import type { StateStore } from '../../src/core/ports/state-store.ts'
import type { VolumeRecord } from '../../src/core/volume/record.ts'
import { mergeSaves } from '../../src/host/state/merge-saves.ts'

/** A disk whose writes end one by one, as the test says. */
function slowStore() {
  let saved: readonly VolumeRecord[] = []
  const writing: { end(error?: LocketError): void }[] = []
  async function turn(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    writing.push({ end: (error) => (error === undefined ? resolve() : reject(error)) })
    await promise
  }
  const store: StateStore = {
    load: async () => ({ records: saved, source: 'current', warnings: [] }),
    save: mergeSaves(async (records) => {
      await turn()
      saved = records
    }),
    async saveMounts(records) {
      await turn()
      const byName = new Map(records.map((record) => [record.name, record]))
      saved = saved.map((record) => byName.get(record.name) ?? record)
    },
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

const IDLE = restoredState([], { bootId: '', isMounted: false, isTrusted: true })
const MOUNTED = restoredState([], { bootId: '', isMounted: true, isTrusted: true })

function identityOf(name: string): VolumeIdentity {
  return { name: parseVolumeName(name), options: {}, createdAt: '' }
}

function referenceOf(id: string) {
  return { id: parseMountId(id), since: '', bootId: '' }
}

test('a change that was taken back after a failed save is not on the disk after the next save', async () => {
  const disk = slowStore()
  const table = createVolumeTable(disk.store)
  const adding = Promise.all([table.add(identityOf('old'), MOUNTED), disk.write()])
  const [old] = await adding
  const failing = table.commit(old, (state) => mountAdded(state, referenceOf('id')))
  const alsoFailing = assert.rejects(failing, /ENOSPC/)
  await new Promise((done) => setImmediate(done))
  const waiting = table.add(identityOf('new'), IDLE)
  await disk.write(FULL)
  await alsoFailing
  await disk.write()
  await waiting
  assert.equal(usesOf(old.state).length, 0)
  await disk.write()
  assert.deepEqual(disk.names(), ['old:0', 'new:0'])
  assert.ok(disk.isIdle())
})

test('a volume whose Create failed is not restored', async () => {
  const disk = slowStore()
  const table = createVolumeTable(disk.store)
  const failing = assert.rejects(table.add(identityOf('failed'), IDLE), /ENOSPC/)
  await new Promise((done) => setImmediate(done))
  const waiting = table.add(identityOf('fine'), IDLE)
  await disk.write(FULL)
  await failing
  await disk.write()
  await waiting
  await disk.write()
  assert.deepEqual(disk.names(), ['fine:0'])
})

test('a save that fails takes back its own change, and not an engine restart that came meanwhile', async () => {
  const disk = slowStore()
  const table = createVolumeTable(disk.store)
  const [volume] = await Promise.all([table.add(identityOf('v'), MOUNTED), disk.write()])
  await Promise.all([table.commit(volume, (state) => mountAdded(state, referenceOf('one'))), disk.write()])
  const failing = assert.rejects(
    table.commit(volume, (state) => mountAdded(state, referenceOf('two'))),
    /ENOSPC/,
  )
  await new Promise((done) => setImmediate(done))
  table.change(volume, engineRestarted)
  await disk.write(FULL)
  await failing
  assert.deepEqual(
    usesOf(volume.state).map(({ id, count }) => [id, count]),
    [['one', 'unsure']],
  )
})

test('a change that the record does not show is not written', async () => {
  const disk = slowStore()
  const table = createVolumeTable(disk.store)
  const [volume] = await Promise.all([table.add(identityOf('v'), MOUNTED), disk.write()])
  await Promise.all([table.commit(volume, (state) => mountAdded(state, referenceOf('one'))), disk.write()])
  await table.commit(volume, (state) => mountAdded(state, referenceOf('one')))
  assert.equal(usesOf(volume.state)[0]?.count, 2)
  assert.ok(disk.isIdle())
})

test('the background work of a state ends when the volume leaves the state', async () => {
  const table = createVolumeTable(slowStore().store)
  const volume = table.restore(identityOf('v'), MOUNTED)
  let ended = 0
  const task = {
    async [Symbol.asyncDispose]() {
      ended += 1
    },
  }
  table.change(volume, (state) => taskStarted(state, task))
  table.change(volume, engineRestarted)
  table.change(volume, (state) => observed(state, true))
  assert.equal(ended, 0)
  table.change(volume, (state) => observed(state, false))
  assert.equal(ended, 1)
})
