import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAuditWriter } from '../../../src/app/broker/audit/writer.ts'
import { EMPTY_CHAIN, type AuditHead, type AuditRow } from '../../../src/core/broker/audit/chain-rows.ts'
import type { AuditStore } from '../../../src/core/ports/broker-store.ts'
import { LocketError } from '../../../src/core/vocabulary/errors.ts'
import { entryOf } from '../../contract/broker/audit-store-contract.ts'
import { createManualClock } from '../../fakes/manual-clock.ts'
import { createRecordingLog } from '../../fakes/recording-log.ts'

/** A writer over a store in memory that can fail. */
function writing(onFailure: 'deny' | 'warn') {
  const rows: AuditRow[] = []
  const groups: number[] = []
  const disk = { isFull: false, asked: 0, onAppend: (): unknown => undefined }
  const never = () => Promise.reject(new Error('not used'))
  const head = async (): Promise<AuditHead> => rows.at(-1) ?? EMPTY_CHAIN
  const store: AuditStore = {
    head,
    base: async () => EMPTY_CHAIN,
    async append(added, after) {
      disk.asked += 1
      disk.onAppend()
      if (disk.isFull) throw new LocketError('io', 'the disk is full')
      if ((await head()).hash !== after.hash) return false
      rows.push(...added)
      groups.push(added.length)
      return true
    },
    newest: never,
    after: never,
    dropBefore: never,
    claim: never,
  }
  const log = createRecordingLog()
  const write = createAuditWriter({ store, clock: createManualClock(), emit: log.emit, onFailure })
  const events = () => log.lines.map(({ event }) => event)
  return { write, rows, groups, disk, events, targets: () => rows.map(({ entry }) => entry.target) }
}

test('calls of one turn share a commit, and keep their order', async () => {
  const { write, groups, targets } = writing('deny')
  await Promise.all(['a', 'b', 'c'].map((name) => write([entryOf(name), entryOf(`${name}2`)])))
  assert.deepEqual(groups, [6])
  assert.deepEqual(targets(), ['a', 'a2', 'b', 'b2', 'c', 'c2'])
})

test('the lines of one call are stored together, also when they are many', async () => {
  const { write, groups } = writing('deny')
  const many = (count: number) => Array.from({ length: count }, (_, index) => entryOf(`n${index}`))
  await Promise.all([write(many(600)), write(many(600)), write(many(2500)), write(many(1))])
  assert.deepEqual(groups, [600, 600, 2500, 1])
})

test('deny: a line that is not stored is a rejection without the text of the database', async () => {
  const { write, disk, events, targets } = writing('deny')
  disk.isFull = true
  const tries = await Promise.allSettled([write([entryOf('a')]), write([entryOf('b')])])
  for (const { status, ...rest } of tries) {
    assert.equal(status, 'rejected')
    const { reason } = rest as { reason: LocketError }
    assert.equal(reason.code, 'unavailable')
    assert.equal(reason.message, 'the access cannot be recorded in the audit of the broker')
  }
  await assert.rejects(write([entryOf('c')]))
  disk.isFull = false
  await write([entryOf('d')])
  assert.deepEqual(events(), ['broker.audit-fails', 'broker.audit-works'])
  assert.deepEqual(targets(), ['d'])
})

test('warn: it goes on, and the next line is preceded by one that counts those that are missing', async () => {
  const { write, disk, rows, targets } = writing('warn')
  disk.isFull = true
  await write([entryOf('a'), entryOf('b')])
  await write([entryOf('c')])
  disk.isFull = false
  await write([entryOf('d')])
  await write([entryOf('e')])
  assert.deepEqual(targets(), ['audit', 'd', 'e'])
  assert.match(rows[0]?.entry.reason ?? '', /^3 lines before this one could not be stored/)
})

test('lines follow those that another process has stored since', async () => {
  const { write, rows, targets } = writing('deny')
  await write([entryOf('a')])
  // Another process has appended a line that this writer does not know.
  const [first] = rows
  assert.ok(first)
  rows.push({ seq: 2, hash: 'f'.repeat(64), entry: entryOf('foreign') })
  await write([entryOf('b')])
  assert.deepEqual(targets(), ['a', 'foreign', 'b'])
  assert.equal(rows.at(-1)?.seq, 3)
})

test('warn: lines above those that may wait are counted, and nobody is refused', async () => {
  const { write, rows, events } = writing('warn')
  const lines = Array.from({ length: 30_000 }, () => entryOf('a'))
  await Promise.all([write(lines), write(lines), write(lines), write([entryOf('b')])])
  await write([entryOf('c')])
  assert.equal(rows.length, 60_002)
  const gaps = rows.flatMap(({ entry }) => (entry.action === 'gap' ? [entry.reason] : []))
  assert.deepEqual(gaps, ['30001 lines before this one could not be stored'])
  assert.deepEqual(events(), ['broker.audit-fails', 'broker.audit-works'])
})

test('warn: lines that are lost while others are stored are counted too', async () => {
  const { write, rows, disk } = writing('warn')
  const lines = Array.from({ length: 50_000 }, () => entryOf('a'))
  disk.isFull = true
  await write([entryOf('x')])
  disk.isFull = false
  let waiting: Promise<void> | undefined
  disk.onAppend = () => {
    disk.onAppend = () => undefined
    waiting = write(lines)
    void write([entryOf('too many')])
  }
  await write([entryOf('b')])
  await waiting
  const gaps = rows.flatMap(({ entry }) => (entry.action === 'gap' ? [entry.reason] : []))
  assert.deepEqual(gaps, [
    '1 lines before this one could not be stored',
    '1 lines before this one could not be stored',
  ])
})

test('deny: too many lines that wait are refused', async () => {
  const { write } = writing('deny')
  const lines = Array.from({ length: 30_000 }, () => entryOf('a'))
  const [one, two, three] = await Promise.allSettled([write(lines), write(lines), write(lines)])
  assert.deepEqual([one?.status, two?.status, three?.status], ['fulfilled', 'fulfilled', 'rejected'])
})
