import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { appendFile, cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { StateStore } from '../../src/core/ports/state-store.ts'
import { formatState } from '../../src/host/state/state-format.ts'
import { openStateFile } from '../../src/host/state/state-file.ts'
import { hasCode } from '../contract/host/mount-table-contract.ts'
import { record } from '../contract/host/store-contract.ts'
import { killedSaver } from './killed-saver.ts'
import { temporaryFolder, tinyDisk } from '../support/temporary-folder.ts'

const SAVED_AT = '2026-11-22T05:00:00.000Z'
const mark = '2026-11-22T04:50:00.000Z m1'

interface Subject {
  readonly dir: string
  readonly store: StateStore
  readonly log: string
  /** The mount IDs of a volume, as the next process finds them. */
  readonly idsOf: (name: string) => Promise<readonly string[]>
}

/** A state with the volumes `db` and `web`. */
async function subject(t: TestContext): Promise<Subject> {
  const dir = join(await temporaryFolder(t), 'state')
  const store = openStateFile(dir)
  await store.save([record('db'), record('web')])
  const log = join(dir, 'mounts.log')
  const idsOf = async (name: string) => {
    const { records } = await openStateFile(dir).load()
    return records.find((one) => one.name === name)?.mounts.map(({ id }) => id) ?? []
  }
  return { dir, store, log, idsOf }
}

test('a mount is one line at the end, for the owner alone; the newest line of a volume counts', async (t) => {
  const { store, log, idsOf } = await subject(t)
  await store.saveMounts([{ ...record('db', ['m1']), mark }])
  const before = await readFile(log, 'utf8')
  await store.saveMounts([{ ...record('db', ['m1', 'm2']), mark }])
  const after = await readFile(log, 'utf8')
  assert.ok(after.startsWith(before) && after.slice(before.length).split('\n').length === 2)
  assert.equal((await stat(log)).mode & 0o777, 0o600)
  assert.deepEqual(await idsOf('db'), ['m1', 'm2'])
  await store.saveMounts([record('db')])
  assert.deepEqual(await idsOf('db'), [])
})

test('a write that a kill has cut short is not there, and the next one works', async (t) => {
  const { dir, store, log, idsOf } = await subject(t)
  await store.saveMounts([record('db', ['m1'])])
  await appendFile(log, '0123456789abcdef {"name":"db","mou')
  assert.deepEqual(await idsOf('db'), ['m1'])
  const next = openStateFile(dir)
  assert.deepEqual((await next.load()).warnings, [])
  await next.saveMounts([record('web', ['m2'])])
  assert.deepEqual([await idsOf('db'), await idsOf('web')], [['m1'], ['m2']])
})

test('any changed byte is found: the references are lost, the volumes are not', async (t) => {
  const { dir, store, log } = await subject(t)
  await store.saveMounts([record('db', ['m1'])])
  const good = await readFile(log)
  for (let offset = 0; offset < good.length - 1; offset += 1) {
    const copy = `${dir}-${offset}`
    await cp(dir, copy, { recursive: true })
    const bad = Buffer.from(good)
    bad[offset] = (bad[offset] ?? 0) ^ (1 << (offset % 7))
    await writeFile(join(copy, 'mounts.log'), bad)
    const { records, source, warnings } = await openStateFile(copy).load()
    assert.deepEqual([records, source], [[record('db'), record('web')], 'incomplete'], `offset ${offset}`)
    assert.match(warnings.join(), /mounts\.log cannot be used \(.*kept as .*mounts\.log\.bad-1/)
    assert.deepEqual(await readFile(join(copy, 'mounts.log.bad-1')), bad)
    await rm(copy, { recursive: true })
  }
})

test('an empty log, as a power cut can leave it, is not reported; a newer one is left untouched', async (t) => {
  const { dir, store, log } = await subject(t)
  await store.saveMounts([record('db', ['m1'])])
  await writeFile(log, '')
  assert.deepEqual(await openStateFile(dir).load(), {
    records: [record('db'), record('web')],
    source: 'current',
    warnings: [],
  })
  const newer = '{"version":2}'
  const { createHash } = await import('node:crypto')
  await writeFile(log, `${createHash('sha256').update(newer).digest('hex').slice(0, 16)} ${newer}\nnew`)
  await assert.rejects(
    openStateFile(dir).load(),
    hasCode('state_corrupt', /mounts\.log was written by a newer/),
  )
  assert.match(await readFile(log, 'utf8'), /new$/)
})

test('a log that somebody removes, replaces or changes is written anew with all references', async (t) => {
  const { dir, store, log, idsOf } = await subject(t)
  await store.saveMounts([record('db', ['m1'])])
  const acts: readonly (() => Promise<unknown>)[] = [
    () => rm(log),
    () => appendFile(log, 'something'),
    async () => {
      await writeFile(`${log}.other`, 'something')
      await rename(`${log}.other`, log)
    },
    async () => {
      await rm(log)
      await mkdir(join(log, 'inside'), { recursive: true })
    },
    () => rm(dir, { recursive: true }),
  ]
  for (const [n, act] of acts.entries()) {
    await act()
    await store.saveMounts([record('web', [`w${n}`])])
    await store.save([record('db', ['m1']), record('web', [`w${n}`])])
    assert.deepEqual([await idsOf('db'), await idsOf('web')], [['m1'], [`w${n}`]], String(n))
  }
})

test('the log does not grow without end', async (t) => {
  const { store, log, idsOf } = await subject(t)
  for (let n = 0; n < 2000; n += 1) await store.saveMounts([record('db', [`m${n}`])])
  assert.ok((await stat(log)).size < 70_000)
  assert.deepEqual(await idsOf('db'), ['m1999'])
})

test('a state file of an earlier version: its references are read, and move with the next mount', async (t) => {
  const { dir, idsOf } = await subject(t)
  const records = [{ ...record('db', ['m1']), mark }, record('web')]
  const old = formatState({ savedAt: SAVED_AT, records, mountsApart: false })
  for (const first of ['saveMounts', 'save'] as const) {
    // The log of before a downgrade: it must not be believed.
    await writeFile(join(dir, 'state.json'), old)
    const store = openStateFile(dir)
    assert.deepEqual(await store.load(), { records, source: 'current', warnings: [] })
    const changed = [records[0] ?? assert.fail(), record('web', ['m2'])]
    await store[first](changed)
    assert.deepEqual([await idsOf('db'), await idsOf('web')], [['m1'], ['m2']], first)
    assert.match(await readFile(join(dir, 'state.json'), 'utf8'), /"mountsApart":true/)
  }
})

test('a full disk rejects with io, keeps what was there, and the next mount writes all', async (t) => {
  const disk = await tinyDisk(t, 64 * 1024)
  const dir = join(disk, 'state')
  const store = openStateFile(dir)
  await store.save([record('db', ['m1'])])
  await writeFile(join(disk, 'filler'), 'x'.repeat(200_000)).catch(() => undefined)
  const many = Array.from({ length: 200 }, (_, n) => `m${n}`)
  await assert.rejects(store.saveMounts([record('db', many)]), hasCode('io', /mounts\.log: .*full/))
  await rm(join(disk, 'filler'))
  await store.saveMounts([record('db', ['m1', 'm2'])])
  assert.deepEqual((await openStateFile(dir).load()).records, [record('db', ['m1', 'm2'])])
  execFileSync('mount', ['-o', 'remount,ro', disk])
})

const SAVER = `
const { openStateFile } = await import(process.argv[1])
const store = openStateFile(process.argv[2])
await store.load()
const volume = (n) => ({ name: 'v' + n % 7, options: {}, createdAt: 'now', mounts: [{ id: 'm' + n, since: '', bootId: '' }] })
await store.save(Array.from({ length: 7 }, (_, n) => ({ ...volume(n), mounts: [] })))
for (let n = 1; ; n += 1) {
  await store.saveMounts([volume(n)])
  process.stdout.write(n + ' ')
}`

test('a process that is killed at any moment loses no reference that it said was saved', async (t) => {
  const dir = join(await temporaryFolder(t), 'state')
  for (let round = 0; round < 8; round += 1) {
    const saved = await killedSaver(t, SAVER, dir, 11 * round)
    const { records, warnings } = await openStateFile(dir).load()
    const found = Math.max(...records.flatMap(({ mounts }) => mounts.map(({ id }) => Number(id.slice(1)))))
    assert.ok(saved > 0 && found >= saved, `said ${saved}, found ${found}`)
    assert.deepEqual(warnings, [])
    assert.ok((await readdir(dir)).every((name) => !name.includes('bad')))
  }
})
