import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { parseMountId, parseVolumeName } from '../vocabulary/names.ts'
import {
  addMount,
  doubtMounts,
  dropEarlierBoots,
  dropMounts,
  hasMount,
  removeMount,
  renewMount,
  sameOptions,
  type MountReference,
  type VolumeRecord,
} from './record.ts'

const EMPTY: VolumeRecord = { name: parseVolumeName('v'), options: {}, createdAt: '', mounts: [] }

function mountOf(id: string, bootId = 'now'): MountReference {
  return { id: parseMountId(id), since: '2026-01-01T00:00:00.000Z', bootId }
}

const mounts = fc
  .array(fc.record({ id: fc.constantFrom('a', 'b', 'c', 'd'), bootId: fc.constantFrom('now', 'before') }))
  .map((rows) => rows.map(({ id, bootId }) => mountOf(id, bootId)))
const records = mounts.map((list) => list.reduce(addMount, EMPTY))
const ids = fc.constantFrom('a', 'b', 'c', 'd').map(parseMountId)

function idsOf({ mounts: kept }: VolumeRecord): string[] {
  return kept.map(({ id }) => id)
}

test('adding and removing are idempotent, and touch no other ID', () => {
  fc.assert(
    fc.property(records, ids, (record, id) => {
      const added = addMount(record, mountOf(id))
      assert.equal(addMount(added, mountOf(id, 'before')), added)
      assert.deepEqual(new Set(idsOf(added)), new Set([...idsOf(record), id]))
      const removed = removeMount(added, id)
      assert.equal(removeMount(removed, id), removed)
      assert.ok(!hasMount(removed, id))
      assert.deepEqual(
        idsOf(removed),
        idsOf(record).filter((other) => other !== id),
      )
    }),
  )
})

test('an ID is in a record once, for any events in any order', () => {
  fc.assert(fc.property(records, (record) => assert.equal(new Set(idsOf(record)).size, record.mounts.length)))
})

test('only references of this boot are left, and what changes nothing gives the same record', () => {
  fc.assert(
    fc.property(records, (record) => {
      const left = dropEarlierBoots(record, 'now')
      assert.deepEqual(
        left.mounts,
        record.mounts.filter(({ bootId }) => bootId === 'now'),
      )
      assert.equal(dropEarlierBoots(left, 'now'), left)
      assert.deepEqual(dropMounts(record).mounts, [])
      assert.equal(dropMounts(dropMounts(record)).mounts.length, 0)
      assert.equal(dropMounts(EMPTY), EMPTY)
    }),
  )
})

test('a doubted ID stays, until it is vouched for', () => {
  fc.assert(
    fc.property(records, ids, (record, id) => {
      const doubted = doubtMounts(record)
      assert.deepEqual(idsOf(doubted), idsOf(record))
      assert.ok(doubted.mounts.every(({ unsure }) => unsure))
      assert.equal(doubtMounts(doubted), doubted)
      const renewed = renewMount(doubted, mountOf(id))
      assert.deepEqual(
        renewed.mounts.filter(({ unsure }) => !unsure).map((mount) => mount.id),
        hasMount(record, id) ? [id] : [],
      )
    }),
  )
})

test('options are the same when names and values are, in any order', () => {
  const options = fc.dictionary(fc.constantFrom('a', 'b', 'toString', '__proto__'), fc.constantFrom('', 'x'))
  fc.assert(
    fc.property(options, options, (a, b) => {
      const entries = (of: Readonly<Record<string, string>>) =>
        JSON.stringify(Object.entries(of).toSorted(([one], [other]) => (one < other ? -1 : 1)))
      assert.equal(sameOptions(a, b), entries(a) === entries(b))
      assert.ok(sameOptions(a, Object.fromEntries(Object.entries(a).toReversed())))
    }),
  )
})

test('no reducer changes the record that it is given', () => {
  fc.assert(
    fc.property(records, ids, (record, id) => {
      const before = structuredClone(record)
      addMount(record, mountOf(id))
      removeMount(record, id)
      renewMount(record, mountOf(id))
      doubtMounts(record)
      dropMounts(record)
      dropEarlierBoots(record, 'now')
      assert.deepEqual(record, before)
    }),
  )
})
