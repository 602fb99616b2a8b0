import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmod,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { systemClock } from '../../src/host/daemon/clock.ts'
import { openFileTree } from '../../src/host/files/file-tree.ts'
import { openMountTable } from '../../src/host/mounts/mount-table.ts'
import { hasCode, TMPFS } from '../contract/host/mount-table-contract.ts'
import { outFile, TREE, treeOf } from '../contract/host/file-tree-contract.ts'
import { mountPointsBelow, temporaryFolder } from '../support/temporary-folder.ts'

const CANARY = 'CANARY-8b1f-file-tree'
const tree = openFileTree(systemClock())

/** Swaps a folder for a link to another one and back, as fast as it can. */
const SWAPPER = `
const { renameSync, symlinkSync, unlinkSync, writeSync } = require('node:fs')
const [folder, victim] = process.argv.slice(1)
const attempt = (work) => { try { work() } catch {} }
writeSync(1, 'ready')
for (;;) {
  attempt(() => renameSync(folder, folder + '-was'))
  attempt(() => symlinkSync(victim, folder))
  attempt(() => unlinkSync(folder))
  attempt(() => renameSync(folder + '-was', folder))
}`

/** A mounted volume, and beside it a folder of the host that nothing may touch. */
async function volume(
  t: TestContext,
  sizeBytes = TMPFS.sizeBytes,
): Promise<{ root: string; data: string; victim: string }> {
  const dir = await temporaryFolder(t)
  const [root, victim] = [join(dir, 'db'), join(dir, 'victim')]
  await openMountTable().mountTmpfs(root, { ...TMPFS, sizeBytes })
  await mkdir(victim)
  await writeFile(join(victim, 'file'), 'untouched')
  return { root, data: join(root, 'data'), victim }
}

async function assertUntouched(victim: string): Promise<void> {
  assert.deepEqual(await readdir(victim), ['file'])
  assert.equal(await readFile(join(victim, 'file'), 'utf8'), 'untouched')
  assert.equal((await stat(join(victim, 'file'))).uid, process.geteuid?.())
  assert.equal((await stat(victim)).uid, process.geteuid?.())
}

test('links that a container planted are replaced, never followed', async (t) => {
  const { root, data, victim } = await volume(t)
  await tree.replaceAll(root, [outFile('a', CANARY), outFile('d/e/f', CANARY)], TREE)
  await rm(join(data, 'a'))
  await symlink(join(victim, 'file'), join(data, 'a'))
  await rm(join(data, 'd'), { recursive: true })
  await symlink(victim, join(data, 'd'))
  await tree.replaceAll(root, [outFile('a', 'new'), outFile('d/e/f', 'new'), outFile('d/file', 'new')], TREE)
  await assertUntouched(victim)
  assert.deepEqual(await treeOf(root), [
    'a 640 1234:2345 new',
    'd 750 1234:2345 /',
    'd/e 750 1234:2345 /',
    'd/e/f 640 1234:2345 new',
    'd/file 640 1234:2345 new',
  ])
})

test('a wipe follows no link and opens no FIFO', { timeout: 10_000 }, async (t) => {
  const { root, data, victim } = await volume(t)
  await tree.replaceAll(root, [outFile('a', CANARY)], TREE)
  await symlink(join(victim, 'file'), join(data, 'link'))
  await symlink(victim, join(data, 'folder'))
  await symlink('nowhere', join(data, 'dangling'))
  execFileSync('mkfifo', [join(data, 'fifo')])
  await mkdir(join(data, 'locked'), { mode: 0o000 })
  await writeFile(join(data, 'locked', 'file'), CANARY)
  await chmod(join(data, 'locked', 'file'), 0)
  await tree.wipe(root)
  await assertUntouched(victim)
  assert.deepEqual(await readdir(root), [])
})

test('a folder that is swapped for a link while files are written leads nowhere', async (t) => {
  const { root, data, victim } = await volume(t)
  await tree.replaceAll(root, [outFile('d/file', CANARY)], TREE)
  const swapper = spawn(process.execPath, ['-e', SWAPPER, join(data, 'd'), victim], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => swapper.kill('SIGKILL'))
  await once(swapper.stdout, 'data')
  let failures = 0
  for (let round = 0; round < 500; round += 1) {
    // It may fail, when the folder went away under it; it must not write elsewhere.
    const failed = tree
      .replaceAll(root, [outFile('d/file', CANARY), outFile('d/e/f', CANARY)], TREE)
      .catch(hasCode('io', /files of/))
    if ((await failed) === true) failures += 1
  }
  swapper.kill('SIGKILL')
  await once(swapper, 'exit')
  assert.ok(failures > 0, 'the swapper never got in between')
  await assertUntouched(victim)
  await tree.replaceAll(root, [outFile('d/file', 'last')], TREE)
  assert.deepEqual(await treeOf(root), ['d 750 1234:2345 /', 'd/file 640 1234:2345 last'])
})

test('an open descriptor reads zeros or nothing after the wipe, never the secret', async (t) => {
  const { root, data } = await volume(t)
  const large = CANARY.repeat(8000)
  await tree.replaceAll(
    root,
    [outFile('a', CANARY), outFile('large', large), outFile('linked', CANARY)],
    TREE,
  )
  await link(join(data, 'linked'), join(data, 'second-name'))
  const handles = await Promise.all(['a', 'large', 'linked'].map((name) => open(join(data, name))))
  await tree.wipe(root)
  for (const handle of handles) {
    const content = await handle.readFile()
    assert.ok(content.every((byte) => byte === 0))
    await handle.close()
  }
})

test('a replaced file can be read to its end by who has it open', async (t) => {
  const { root, data } = await volume(t)
  await tree.replaceAll(root, [outFile('a', 'old content')], TREE)
  const reader = await open(join(data, 'a'))
  await tree.replaceAll(root, [outFile('a', 'new')], TREE)
  assert.equal(await reader.readFile('utf8'), 'old content')
  await reader.close()
})

test('what does not fit is too_large, and the generation before it stays as it was', async (t) => {
  const { root } = await volume(t, 64 * 1024)
  await tree.replaceAll(root, [outFile('a', 'one'), outFile('d/b', 'two')], TREE)
  const before = await treeOf(root)
  const files = [
    outFile('a', 'changed'),
    outFile('new/file', 'x'),
    outFile('large', new Uint8Array(65 * 1024)),
  ]
  await assert.rejects(tree.replaceAll(root, files, TREE), hasCode('too_large', /do not fit/))
  assert.deepEqual(await treeOf(root), before)
  assert.deepEqual(await readdir(join(root, 'stage')), [])
})

test('too many files for the inodes is too_large as well', async (t) => {
  const dir = await temporaryFolder(t)
  const root = join(dir, 'db')
  await openMountTable().mountTmpfs(root, { ...TMPFS, inodes: 10 })
  const files = Array.from({ length: 12 }, (_, n) => outFile(`f${n}`, 'x'))
  await assert.rejects(tree.replaceAll(root, files, TREE), hasCode('too_large', /the tmpfs is full/))
  assert.deepEqual(await treeOf(root), [])
})

test('a volume that a container filled to the brim is wiped', async (t) => {
  const { root, data } = await volume(t, 256 * 1024)
  await tree.replaceAll(root, [outFile('a', CANARY)], TREE)
  await writeFile(join(data, 'fill'), new Uint8Array(1 << 20).fill(1)).catch(() => {})
  for (let n = 0; n < 2000; n += 1) await mkdir(join(data, `d${n}`)).catch(() => {})
  const holder = await open(join(data, 'fill'))
  await tree.wipe(root)
  assert.deepEqual(await readdir(root), [])
  assert.ok((await holder.readFile()).every((byte) => byte === 0))
  await holder.close()
})

test('a sparse file of a terabyte is wiped in a moment, its data first', { timeout: 10_000 }, async (t) => {
  const { root, data } = await volume(t)
  await tree.replaceAll(root, [], TREE)
  await writeFile(join(data, 'sparse'), CANARY)
  await truncate(join(data, 'sparse'), 2 ** 40)
  await tree.wipe(root)
  assert.deepEqual(await readdir(root), [])
})

test('folders nested deeper than descriptors or the stack would go are wiped', async (t) => {
  const { root, data } = await volume(t)
  await tree.replaceAll(root, [], TREE)
  let path = data
  for (let depth = 0; depth < 900; depth += 1) path = join(path, 'd')
  await mkdir(path, { recursive: true })
  await writeFile(join(path, 'file'), CANARY)
  await tree.wipe(root)
  assert.deepEqual(await readdir(root), [])
})

test('a wipe continues past a file it cannot remove, reports one error, and can be repeated', async (t) => {
  const { root, data } = await volume(t)
  await tree.replaceAll(
    root,
    [outFile('a', CANARY), outFile('d/stuck', CANARY), outFile('d/y', CANARY), outFile('z', CANARY)],
    TREE,
  )
  execFileSync('mount', ['--bind', join(data, 'd/stuck'), join(data, 'd/stuck')])
  await assert.rejects(tree.wipe(root), hasCode('io', /cannot wipe .*stuck: EBUSY/))
  const [stuck] = (await mountPointsBelow(root)).filter((target) => target.endsWith('stuck'))
  assert.ok(stuck !== undefined)
  const left = await readdir(root, { recursive: true, withFileTypes: true })
  assert.deepEqual(
    left.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)),
    [stuck],
  )
  assert.equal(await readFile(stuck, 'utf8'), '')
  execFileSync('umount', [stuck])
  await tree.wipe(root)
  assert.deepEqual(await readdir(root), [])
})

test('leftovers of a process that died while it wrote are gone with the next generation', async (t) => {
  const { root } = await volume(t)
  await tree.replaceAll(root, [outFile('a', 'one')], TREE)
  await writeFile(join(root, 'stage', 'new-0'), CANARY)
  await mkdir(join(root, 'stage', 'old-1'))
  await writeFile(join(root, 'stage', 'old-1', 'file'), CANARY)
  const [fresh, replaced] = [
    await open(join(root, 'stage', 'new-0')),
    await open(join(root, 'stage', 'old-1', 'file')),
  ]
  await tree.replaceAll(root, [outFile('a', 'two')], TREE)
  assert.deepEqual(await readdir(join(root, 'stage')), [])
  assert.ok((await fresh.readFile()).every((byte) => byte === 0))
  assert.equal(await replaced.readFile('utf8'), CANARY)
  await fresh.close()
  await replaced.close()
})

test('a root that is missing cannot be written to, and no error holds a secret', async (t) => {
  const dir = await temporaryFolder(t)
  await assert.rejects(tree.replaceAll(join(dir, 'none'), [outFile('a', CANARY)], TREE), (error: unknown) => {
    assert.ok(!String(error).includes(CANARY))
    return hasCode('io', /its folder does not exist/)(error)
  })
})
