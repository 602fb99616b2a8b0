import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import {
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { once } from 'node:events'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import type { OutFile, TreeOptions } from '../../src/core/ports/files.ts'
import { Secret } from '../../src/core/vocabulary/secret.ts'
import { systemClock } from '../../src/host/daemon/clock.ts'
import { openFileTree } from '../../src/host/files/file-tree.ts'
import { readGeneration } from '../support/read-generation.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const OPTIONS: TreeOptions = { dirMode: 0o750, rootMode: 0o711, layout: 'generations' }
const SWAP = new URL('../fixtures/programs/swap-generations.ts', import.meta.url).pathname

async function setup(t: TestContext) {
  const root = await temporaryFolder(t)
  const tree = openFileTree(systemClock())
  const put = (files: Readonly<Record<string, string>>, options = OPTIONS) =>
    tree.replaceAll(root, outFiles(files), options)
  const at = (path: string) => join(root, 'data', path)
  return { root, tree, put, at, text: (path: string) => readFile(at(path), 'utf8') }
}

function outFiles(files: Readonly<Record<string, string>>): OutFile[] {
  return Object.entries(files).map(([path, text]) => ({ path, content: Secret.fromText(text), mode: 0o640 }))
}

test('files are links through ..data, with content, mode and owner of the generation', async (t) => {
  const { put, at, text, root } = await setup(t)
  const changes = await put({ a: 'one', 'certs/key': 'two' })
  assert.deepEqual([changes.changed, changes.made.toSorted(), changes.gone], [[], ['a', 'certs/key'], []])
  assert.deepEqual([await text('a'), await text('certs/key')], ['one', 'two'])
  const names = await readdir(at('.'))
  assert.deepEqual(names.toSorted().slice(0, 1).concat(names.toSorted().slice(2)), ['..data', 'a', 'certs'])
  assert.deepEqual([await readlink(at('a')), await readlink(at('certs'))], ['..data/a', '..data/certs'])
  assert.match(await readlink(at('..data')), /^\.\.gen-[0-9a-f]{16}$/)
  const modes = await Promise.all(
    ['..data/.', 'certs/.', 'a', '.'].map(async (path) => (await stat(at(path))).mode & 0o7777),
  )
  assert.deepEqual(modes, [0o711, 0o750, 0o640, 0o711])
  assert.deepEqual(await readdir(join(root, 'stage')), [])
})

test('an equal generation touches nothing; another one is a new folder, and the old one is gone', async (t) => {
  const { put, at, text } = await setup(t)
  await put({ a: 'one', b: 'two', 'c/d': 'three' })
  const [before, inode] = [await readlink(at('..data')), (await stat(at('a'))).ino]
  const changed = await stat(at('.'), { bigint: true })
  assert.deepEqual(await put({ a: 'one', b: 'two', 'c/d': 'three' }), { changed: [], made: [], gone: [] })
  assert.deepEqual([await readlink(at('..data')), (await stat(at('a'))).ino], [before, inode])
  assert.equal((await stat(at('.'), { bigint: true })).ctimeNs, changed.ctimeNs)
  await using reader = await open(at('a'))
  const changes = await put({ a: 'ONE', 'c/e': 'new', f: 'f' })
  assert.deepEqual(
    [changes.changed, changes.made.toSorted(), changes.gone.toSorted()],
    [['a'], ['c/e', 'f'], ['b', 'c/d']],
  )
  assert.deepEqual([await text('a'), await text('c/e')], ['ONE', 'new'])
  assert.deepEqual((await readdir(at('.'))).filter((name) => !name.startsWith('..')).toSorted(), [
    'a',
    'c',
    'f',
  ])
  assert.ok(!(await readdir(at('.'))).includes(before))
  // A reader that has the replaced file open sees its content, never zeros.
  assert.equal(await reader.readFile('utf8'), 'one')
})

test('links and files of a container are replaced, never followed', async (t) => {
  const { root, put, at, text } = await setup(t)
  await mkdir(join(root, 'outside'))
  await writeFile(join(root, 'outside/a'), 'not ours')
  await put({ a: 'one', 'd/b': 'two' })
  await rm(at('..data'))
  await symlink(join(root, 'outside'), at('..data'))
  await writeFile(at('planted'), 'x')
  await rm(at('d'))
  await mkdir(at('d'))
  const { gone } = await put({ a: 'one', 'd/b': 'two' })
  assert.deepEqual(gone, ['planted'])
  assert.deepEqual([await text('a'), await text('d/b')], ['one', 'two'])
  assert.equal(await readFile(join(root, 'outside/a'), 'utf8'), 'not ours')
  await rm(at('..data'))
  await mkdir(at('..data/full'), { recursive: true })
  await put({ a: 'one', 'd/b': 'two' })
  assert.deepEqual([await text('a'), (await lstat(at('..data'))).isSymbolicLink()], ['one', true])
})

test('a volume changes its layout in both directions, and a wipe leaves nothing', async (t) => {
  const { root, tree, put, at, text } = await setup(t)
  const plain = { ...OPTIONS, layout: 'plain' } as const
  await put({ a: 'one', 'd/b': 'two' }, plain)
  await put({ a: 'one', 'd/b': 'two' })
  assert.equal((await lstat(at('a'))).isSymbolicLink(), true)
  await put({ a: 'three', 'd/b': 'two' }, plain)
  assert.deepEqual((await readdir(at('.'))).toSorted(), ['a', 'd'])
  assert.deepEqual(
    [(await lstat(at('a'))).isFile(), await text('a'), await text('d/b')],
    [true, 'three', 'two'],
  )
  await put({ a: 'one' })
  await tree.wipe(root)
  assert.deepEqual(await readdir(root), [])
})

test('a reader in a tight loop sees no mixed generation in 200 swaps', async (t) => {
  const { root } = await setup(t)
  const swapping = spawn(process.execPath, [SWAP, root, '200', '1'], { stdio: 'pipe' })
  const ended = once(swapping, 'exit')
  const seen = new Set<string>()
  while (swapping.exitCode === null) {
    const numbers = await readGeneration(root)
    assert.ok(numbers.size <= 1, `mixed: ${[...numbers].join(', ')}`)
    for (const number of numbers) seen.add(number)
    await nextTurn()
  }
  assert.deepEqual(await ended, [0, null])
  assert.ok(seen.size > 3, `${seen.size}`)
})

test('a process killed at any moment leaves one whole generation, which the next one replaces', async (t) => {
  const { root, put, at } = await setup(t)
  await put({ 'file-0': '0' })
  for (let round = 1; round <= 25; round += 1) {
    const swapping = spawn(process.execPath, [SWAP, root, '100000', `${round * 1_000_000}`])
    const ended = once(swapping, 'exit')
    const before = await readlink(at('..data'))
    while ((await readlink(at('..data'))) === before) await sleep(1)
    await sleep(Math.random() * 20)
    swapping.kill('SIGKILL')
    await ended
    const numbers = await readGeneration(root)
    assert.equal(numbers.size, 1, `after kill ${round}: ${[...numbers].join(', ')}`)
  }
  await put({ a: 'last' })
  const names = await readdir(at('.'))
  assert.deepEqual(
    names.filter((name) => !name.startsWith('..')),
    ['a'],
  )
  assert.equal(names.filter((name) => name.startsWith('..gen-')).length, 1)
  assert.deepEqual(await readdir(join(root, 'stage')), [])
})
