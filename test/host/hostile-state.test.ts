import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmod, chown, mkdir, readdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { formatError, isLocketError } from '../../src/core/vocabulary/errors.ts'
import { openStateFile } from '../../src/host/state/state-file.ts'
import { hasCode } from '../contract/host/mount-table-contract.ts'
import { record } from '../contract/host/store-contract.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const OLD = [record('old', ['m1'])]
const NEW = [record('new', ['m1', 'm2']), record('other')]

async function twoGenerations(t: TestContext): Promise<string> {
  const dir = join(await temporaryFolder(t), 'state')
  const store = openStateFile(dir)
  await store.save(OLD)
  await store.save(NEW)
  return dir
}

test(
  'what is not a regular file is refused at once, and set aside by --reset-state',
  { timeout: 20_000 },
  async (t) => {
    const make: Readonly<Record<string, (path: string) => unknown>> = {
      FIFO: (path) => execFileSync('mkfifo', [path]),
      folder: (path) => mkdir(path),
      device: (path) => symlink('/dev/zero', path),
    }
    for (const [kind, put] of Object.entries(make)) {
      const dir = `${await twoGenerations(t)}-${kind}`
      await mkdir(dir, { mode: 0o700 })
      await put(join(dir, 'state.json'))
      const store = openStateFile(dir)
      await assert.rejects(store.load(), hasCode('state_corrupt', /state\.json is not a regular file/), kind)
      assert.equal((await openStateFile(dir, { reset: true }).load()).source, 'none')
      assert.deepEqual(await readdir(dir), ['state.json.bad-1'])
    }
  },
)

test('state that another user owns or may write is refused in a line that says what to do', async (t) => {
  const cases: [path: string, change: (path: string) => Promise<void>, expected: RegExp][] = [
    ['state.json', (path) => chown(path, 4321, 0), /state\.json belongs to user 4321.*chown 0 it/],
    [
      'state.json',
      (path) => chmod(path, 0o620),
      /state\.json can be written by others \(mode 0620\).*chmod go-w/,
    ],
    ['state.json', (path) => chmod(path, 0o602), /state\.json can be written by others \(mode 0602\)/],
    ['.', (path) => chown(path, 4321, 0), /\/state belongs to user 4321/],
    ['.', (path) => chmod(path, 0o777), /\/state can be written by others \(mode 0777\)/],
  ]
  for (const [path, change, expected] of cases) {
    const dir = await twoGenerations(t)
    await change(join(dir, path))
    await assert.rejects(openStateFile(dir).load(), (error) => {
      assert.ok(isLocketError(error))
      assert.equal(error.code, 'state_corrupt')
      assert.match(formatError(error), expected)
      return true
    })
  }
  const dir = await twoGenerations(t)
  await chmod(join(dir, 'state.json'), 0o640)
  assert.deepEqual((await openStateFile(dir).load()).records, NEW)
})

test('a folder in the place of a temporary or previous file blocks no save, and is kept', async (t) => {
  for (const name of ['state.json.tmp', 'state.json.prev.tmp', 'state.json.prev']) {
    const dir = join(await temporaryFolder(t), 'state')
    const store = openStateFile(dir)
    await store.save(OLD)
    await mkdir(join(dir, name, 'inside'), { recursive: true })
    await store.save(NEW)
    assert.deepEqual((await openStateFile(dir).load()).records, NEW, name)
    assert.deepEqual(await readdir(join(dir, 'state.json.bad-1')), ['inside'], name)
  }
})

test('a FIFO in the place of the temporary file blocks no save', { timeout: 20_000 }, async (t) => {
  const dir = await twoGenerations(t)
  execFileSync('mkfifo', [join(dir, 'state.json.tmp')])
  await openStateFile(dir).save(OLD)
  assert.deepEqual((await openStateFile(dir).load()).records, OLD)
})
