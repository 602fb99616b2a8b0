import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { isLocketError } from '../../../src/core/vocabulary/errors.ts'
import { parseMountId, parseVolumeName } from '../../../src/core/vocabulary/names.ts'
import type { StateStore } from '../../../src/core/ports/state-store.ts'
import type { VolumeRecord } from '../../../src/core/volume/record.ts'

export interface StoreSubject {
  readonly store: StateStore
  /** Another store on the same disk, as after a restart. */
  readonly reopen: () => StateStore
  /** No more room on its disk. */
  readonly fill: () => Promise<void>
  /** Room again. */
  readonly free: () => Promise<void>
}

export function record(
  name: string,
  mountIds: readonly string[] = [],
  options: Record<string, string> = {},
): VolumeRecord {
  const mounts = mountIds.map((id) => ({
    id: parseMountId(id),
    since: '2026-11-22T04:50:00.000Z',
    bootId: 'boot-1',
  }))
  return { name: parseVolumeName(name), options, createdAt: '2026-11-22T04:50:00.000Z', mounts }
}

/** Tests that every StateStore must pass. */
export function storeContract(kind: string, open: (t: TestContext) => Promise<StoreSubject>): void {
  test(`${kind}: nothing was ever saved: no records, source none, no warning`, async (t) => {
    const { store } = await open(t)
    assert.deepEqual(await store.load(), { records: [], source: 'none', warnings: [] })
  })

  test(`${kind}: what was saved is loaded, by this process and by the next`, async (t) => {
    const { store, reopen } = await open(t)
    const records = [
      record('db', ['m1', 'm2'], { 'secret.a': '{{ local://a }}', '7': 'ü\n"\u2028' }),
      record('web'),
    ]
    await store.save(records)
    const expected = { records, source: 'current', warnings: [] }
    assert.deepEqual(await store.load(), expected)
    assert.deepEqual(await reopen().load(), expected)
  })

  test(`${kind}: an empty list is a state, not the lack of one`, async (t) => {
    const { store, reopen } = await open(t)
    await store.save([record('db')])
    await store.save([])
    assert.deepEqual(await reopen().load(), { records: [], source: 'current', warnings: [] })
  })

  test(`${kind}: of saves at one time the last one wins`, async (t) => {
    const { store, reopen } = await open(t)
    await Promise.all(Array.from({ length: 50 }, (_, n) => store.save([record(`v${n}`)])))
    assert.deepEqual((await reopen().load()).records, [record('v49')])
  })

  test(`${kind}: a save that has resolved is on disk while later ones still wait`, async (t) => {
    const { store, reopen } = await open(t)
    await store.save([record('first')])
    const later = store.save([record('second')])
    const names = (await reopen().load()).records.map((one) => String(one.name))
    assert.ok(names[0] === 'first' || names[0] === 'second')
    await later
    assert.deepEqual((await reopen().load()).records, [record('second')])
  })

  test(`${kind}: what a caller changes after saving does not change what was saved`, async (t) => {
    const { store, reopen } = await open(t)
    const options: Record<string, string> = { size: '1M' }
    await store.save([record('db', [], options)])
    options['size'] = '2M'
    assert.equal((await reopen().load()).records[0]?.options['size'], '1M')
  })

  test(`${kind}: a full disk rejects with io, keeps the old state, and the next save works`, async (t) => {
    const { store, reopen, fill, free } = await open(t)
    await store.save([record('old')])
    await fill()
    const large = Array.from({ length: 500 }, (_, n) =>
      record(`new${n}`, ['m1'], { 'secret.a': 'x'.repeat(200) }),
    )
    const results = await Promise.allSettled([
      store.save([record('lost')]),
      store.save(large),
      store.save(large),
    ])
    for (const result of results) {
      assert.ok(result.status === 'rejected' && isLocketError(result.reason) && result.reason.code === 'io')
      assert.match(result.reason.message, /the disk is full|ENOSPC/)
    }
    assert.deepEqual(await reopen().load(), { records: [record('old')], source: 'current', warnings: [] })
    await free()
    await store.save(large)
    assert.deepEqual(await reopen().load(), { records: large, source: 'current', warnings: [] })
  })
}
