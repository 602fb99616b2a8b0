import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, link, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { isLocketError } from '../../src/core/vocabulary/errors.ts'
import { openStateFile } from '../../src/host/state/state-file.ts'
import { hasCode } from '../contract/host/mount-table-contract.ts'
import { record } from '../contract/host/store-contract.ts'
import { killedSaver } from './killed-saver.ts'
import { temporaryFolder, tinyDisk } from '../support/temporary-folder.ts'

const OLD = [record('old', ['m1'])]
const NEW = [record('new', ['m1', 'm2'], { 'secret.a': '{{ local://a }}' }), record('other')]

const FILES = ['mounts.log', 'state.json', 'state.json.prev']

/** A folder with two generations, as two saves leave them. */
async function twoGenerations(t: TestContext): Promise<string> {
  const dir = join(await temporaryFolder(t), 'state')
  const store = openStateFile(dir)
  await store.save(OLD)
  await store.save(NEW)
  return dir
}

test('the files are for their owner alone, and nothing temporary stays', async (t) => {
  const dir = await twoGenerations(t)
  assert.equal((await stat(dir)).mode & 0o777, 0o700)
  assert.deepEqual((await readdir(dir)).toSorted(), FILES)
  for (const name of await readdir(dir)) assert.equal((await stat(join(dir, name))).mode & 0o777, 0o600)
})

test('any changed byte is found: the previous state is used, and the damaged file is kept', async (t) => {
  const dir = await twoGenerations(t)
  const good = await readFile(join(dir, 'state.json'))
  for (let offset = 0; offset < good.length - 1; offset += 1) {
    const copy = `${dir}-${offset}`
    await cp(dir, copy, { recursive: true })
    const bad = Buffer.from(good)
    bad[offset] = (bad[offset] ?? 0) ^ (1 << (offset % 7))
    await writeFile(join(copy, 'state.json'), bad)
    const { records, source, warnings } = await openStateFile(copy).load()
    assert.deepEqual([records, source], [OLD, 'previous'], `offset ${offset}`)
    assert.match(warnings.join(), /state\.json is damaged .*kept as .*state\.json\.bad-1/)
    assert.deepEqual(await readFile(join(copy, 'state.json.bad-1')), bad)
    await rm(copy, { recursive: true })
  }
})

test('a file that was cut short anywhere, or is empty, or is something else, is found', async (t) => {
  const dir = await twoGenerations(t)
  const good = await readFile(join(dir, 'state.json'), 'utf8')
  const cut = Array.from({ length: 40 }, (_, n) => good.slice(0, Math.floor((n * (good.length - 2)) / 40)))
  const others = [
    'null',
    '[]',
    '{}',
    '{"version":1}',
    '\0'.repeat(good.length),
    `${good}${good}`,
    good.replace('"version":1', '"version":9'),
  ]
  for (const text of [...cut, ...others]) {
    await writeFile(join(dir, 'state.json'), text)
    assert.deepEqual((await openStateFile(dir).load()).source, 'previous', JSON.stringify(text.slice(0, 40)))
  }
})

test('after a fallback the next start still says so, and the next save makes all well', async (t) => {
  const dir = await twoGenerations(t)
  await writeFile(join(dir, 'state.json'), 'garbage')
  await openStateFile(dir).load()
  const store = openStateFile(dir)
  const again = await store.load()
  assert.deepEqual([again.records, again.source], [OLD, 'previous'])
  assert.match(again.warnings.join(), /damaged and set aside/)
  await store.save(NEW)
  assert.deepEqual(await openStateFile(dir).load(), { records: NEW, source: 'current', warnings: [] })
  assert.ok((await readdir(dir)).includes('state.json.bad-1'))
})

test('a damaged file never replaces the good previous one', async (t) => {
  const dir = await twoGenerations(t)
  await writeFile(join(dir, 'state.json'), 'garbage')
  // A folder that is not empty cannot be renamed over.
  for (let n = 1; n <= 5; n += 1) await mkdir(join(dir, `state.json.bad-${n}`, 'x'), { recursive: true })
  const store = openStateFile(dir)
  assert.match((await store.load()).warnings.join(), /left where it is/)
  await store.save(NEW)
  await writeFile(join(dir, 'state.json'), 'garbage')
  assert.deepEqual((await openStateFile(dir).load()).records, OLD)
})

test('damaged files are kept, but not without end', async (t) => {
  const dir = await twoGenerations(t)
  for (let n = 0; n < 9; n += 1) {
    await writeFile(join(dir, 'state.json'), `garbage ${n}`)
    await openStateFile(dir).load()
  }
  assert.equal((await readdir(dir)).filter((name) => name.includes('.bad-')).length, 5)
})

test('with neither readable the answer is one line that says what to do, each time again', async (t) => {
  const dir = await twoGenerations(t)
  await writeFile(join(dir, 'state.json'), 'CANARY')
  await writeFile(join(dir, 'state.json.prev'), 'CANARY')
  for (let starts = 0; starts < 3; starts += 1) {
    await assert.rejects(openStateFile(dir).load(), (error: unknown) => {
      assert.ok(isLocketError(error))
      assert.match(error.hint ?? '', /--reset-state/)
      assert.doesNotMatch(`${error.message}${error.hint ?? ''}`, /\n|CANARY/)
      return hasCode('state_corrupt', /state\.json cannot be used/)(error)
    })
  }
  await rm(join(dir, 'state.json.prev'))
  await assert.rejects(openStateFile(dir).load(), hasCode('state_corrupt', /no previous/))
})

test('--reset-state starts empty, keeps the damaged files, and reads what can be read', async (t) => {
  const dir = await twoGenerations(t)
  assert.deepEqual((await openStateFile(dir, { reset: true }).load()).records, NEW)
  for (const name of ['state.json', 'state.json.prev']) await writeFile(join(dir, name), `garbage of ${name}`)
  const store = openStateFile(dir, { reset: true })
  const { records, source, warnings } = await store.load()
  assert.deepEqual([records, source, warnings.length], [[], 'none', 2])
  assert.deepEqual((await readdir(dir)).toSorted(), ['mounts.log', 'state.json.bad-1', 'state.json.bad-2'])
  await store.save(NEW)
  assert.deepEqual((await openStateFile(dir).load()).source, 'current')
})

test('a file of a newer locket is left untouched, and the error says so', async (t) => {
  const dir = await twoGenerations(t)
  const payload = { version: 2, savedAt: '2030-01-01T00:00:00.000Z', shape: 'unknown', volumes: { db: {} } }
  const checksum = createHash('sha256').update(JSON.stringify(payload)).digest('hex')
  await writeFile(join(dir, 'state.json'), JSON.stringify({ checksum, ...payload }))
  await assert.rejects(openStateFile(dir).load(), hasCode('state_corrupt', /written by a newer locket/))
  assert.deepEqual((await readdir(dir)).toSorted(), FILES)
})

test('an unreadable file is not taken for a damaged one', async (t) => {
  const dir = await twoGenerations(t)
  await rm(join(dir, 'state.json'))
  await symlink('state.json', join(dir, 'state.json'))
  await assert.rejects(
    openStateFile(dir).load(),
    hasCode('state_corrupt', /cannot be read: a part of the path is a link that is not followed/),
  )
  assert.deepEqual((await readdir(dir)).toSorted(), FILES)
})

/** The files after a crash at each step of a save, made by hand from two generations. */
const crashes: readonly { readonly after: string; readonly leave: (dir: string) => Promise<void> }[] = [
  { after: 'half of the new file', leave: (dir) => writeFile(join(dir, 'state.json.tmp'), '{"chec') },
  {
    after: 'the second name',
    leave: (dir) => link(join(dir, 'state.json'), join(dir, 'state.json.prev.tmp')),
  },
  {
    after: 'the previous file was replaced',
    leave: async (dir) => {
      await rm(join(dir, 'state.json.prev'))
      await link(join(dir, 'state.json'), join(dir, 'state.json.prev'))
      await writeFile(join(dir, 'state.json.tmp'), 'new')
    },
  },
]

for (const { after, leave } of crashes) {
  test(`a crash after ${after} is not reported, and the next saves work`, async (t) => {
    const dir = await twoGenerations(t)
    await leave(dir)
    const store = openStateFile(dir)
    assert.deepEqual(await store.load(), { records: NEW, source: 'current', warnings: [] })
    await store.save(OLD)
    await store.save(NEW)
    assert.deepEqual(await openStateFile(dir).load(), { records: NEW, source: 'current', warnings: [] })
    assert.deepEqual((await readdir(dir)).toSorted(), FILES)
    await writeFile(join(dir, 'state.json'), 'garbage')
    assert.deepEqual((await openStateFile(dir).load()).records, OLD)
  })
}

test('a crash between two renames without hard links leaves the previous file', async (t) => {
  const dir = await twoGenerations(t)
  await rename(join(dir, 'state.json'), join(dir, 'state.json.prev'))
  assert.deepEqual(await openStateFile(dir).load(), { records: NEW, source: 'previous', warnings: [] })
})

const SAVER = `
const { openStateFile } = await import(process.argv[1])
const store = openStateFile(process.argv[2])
await store.load()
for (let n = 1; ; n += 1) {
  await store.save([{ name: 'g' + n, options: { filler: 'x'.repeat(n % 5000) }, createdAt: 'now', mounts: [] }])
  process.stdout.write(n + ' ')
}`

test(
  'a process that is killed at any moment loses nothing that it said was saved',
  { timeout: 60_000 },
  async (t) => {
    const dir = join(await temporaryFolder(t), 'state')
    for (let round = 0; round < 12; round += 1) {
      const saved = await killedSaver(t, SAVER, dir, 7 * round)
      const { records, warnings } = await openStateFile(dir).load()
      const found = Number(String(records[0]?.name).slice(1))
      assert.ok(saved > 0 && found >= saved, `said ${saved}, found ${found}`)
      assert.deepEqual(warnings, [])
    }
  },
)

test('a read-only disk rejects with io that names the path', async (t) => {
  const disk = await tinyDisk(t, 1 << 20)
  const store = openStateFile(join(disk, 'state'))
  await store.save(OLD)
  execFileSync('mount', ['-o', 'remount,ro', disk])
  await assert.rejects(store.save(NEW), hasCode('io', /state\/mounts\.log: the file system is read-only/))
  assert.deepEqual((await store.load()).records, OLD)
  execFileSync('mount', ['-o', 'remount,rw', disk])
  await store.save(NEW)
  assert.deepEqual((await openStateFile(join(disk, 'state')).load()).records, NEW)
})

test('a link in the place of the temporary file is not written through', async (t) => {
  const dir = await twoGenerations(t)
  await writeFile(join(dir, 'victim'), 'untouched')
  await symlink('victim', join(dir, 'state.json.tmp'))
  await openStateFile(dir).save(NEW)
  assert.equal(await readFile(join(dir, 'victim'), 'utf8'), 'untouched')
})

test('where there are no hard links a previous generation is kept too', async (t) => {
  const dir = join(await temporaryFolder(t), 'state')
  const refuse = (): Promise<void> =>
    Promise.reject(Object.assign(new Error('no links here'), { code: 'EPERM' }))
  const store = openStateFile(dir, { link: refuse })
  for (const records of [[], OLD, NEW]) await store.save(records)
  assert.deepEqual(await openStateFile(dir).load(), { records: NEW, source: 'current', warnings: [] })
  await writeFile(join(dir, 'state.json'), 'garbage')
  assert.deepEqual((await openStateFile(dir).load()).records, OLD)
})
