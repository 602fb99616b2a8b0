import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { toLocketError } from '../../../src/core/vocabulary/errors.ts'
import { openSourceTrees } from '../../../src/host/sources/source-trees.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const trees = openSourceTrees()

async function folderOf(t: TestContext, paths: readonly string[]): Promise<string> {
  const folder = await temporaryFolder(t)
  for (const path of paths) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), path)
  }
  return folder
}

async function filesOf(path: string): Promise<readonly string[]> {
  const listing = await trees.list(path)
  assert.equal(listing.kind, 'folder')
  return listing.kind === 'folder' ? listing.files : []
}

function refuses(path: string, message: RegExp): Promise<void> {
  return assert.rejects(trees.list(path), (thrown) => message.test(toLocketError(thrown).message))
}

test('every file below a folder, however deep, hidden ones too, in one order', async (t) => {
  const folder = await folderOf(t, ['t/z', 't/a/b/c.yaml', 't/.env', 't/a.b'])
  assert.deepEqual(await filesOf(join(folder, 't')), ['.env', 'a.b', 'a/b/c.yaml', 'z'])
})

test('a file is a file, also behind a link; nothing is missing only where its folder is there', async (t) => {
  const folder = await folderOf(t, ['a'])
  await symlink('a', join(folder, 'link'))
  assert.deepEqual(await trees.list(join(folder, 'a')), { kind: 'file' })
  assert.deepEqual(await trees.list(join(folder, 'link')), { kind: 'file' })
  assert.deepEqual(await trees.list(join(folder, 'b')), { kind: 'missing' })
  await refuses(join(folder, 'gone/b'), /cannot read .*gone\/b: it does not exist/)
})

test('F6: links inside a folder are followed, as Kubernetes and Swarm create them', async (t) => {
  const folder = await folderOf(t, ['t/..2026_01/app.conf', 't/..2026_01/deep/b', 't/plain/c'])
  const top = join(folder, 't')
  await symlink('..2026_01', join(top, '..data'))
  await symlink('..data/app.conf', join(top, 'app.conf'))
  await symlink('..data/deep', join(top, 'deep'))
  await symlink('plain', join(top, 'again'))
  assert.deepEqual(await filesOf(top), ['again/c', 'app.conf', 'deep/b', 'plain/c'])
})

test('F6: a link that leads out, nowhere or in circles is an error', async (t) => {
  const folder = await folderOf(t, ['secret', 'out/x', 'file/a', 'nowhere/a', 'circle/a', 'folder/a'])
  await symlink('../secret', join(folder, 'file/link'))
  await refuses(join(folder, 'file'), /file\/link is a link that leads out of its source folder/)
  await symlink('../out', join(folder, 'folder/link'))
  await refuses(join(folder, 'folder'), /folder\/link is a link that leads out of its source folder/)
  await symlink('gone', join(folder, 'nowhere/link'))
  await refuses(join(folder, 'nowhere'), /nowhere\/link is a link that leads nowhere/)
  await symlink('.', join(folder, 'circle/link'))
  await refuses(join(folder, 'circle'), /circle\/link is a link to a folder above it/)
})

test('F8: a source that is not a regular file is reported, and never opened', async (t) => {
  const folder = await folderOf(t, ['a'])
  execFileSync('mkfifo', [join(folder, 'pipe')])
  await refuses(folder, /pipe is neither a file nor a folder/)
  await refuses(join(folder, 'pipe'), /pipe is neither a file nor a folder/)
})

test('backup and swap files of editors are not templates', async (t) => {
  const names = ['app.conf', '.app.conf.swp', 'app.conf~', '#app.conf#', '4913', 'x___jb_tmp___']
  const folder = await folderOf(t, names)
  await symlink('someone@host.1234:5', join(folder, '.#app.conf'))
  assert.deepEqual(await filesOf(folder), ['app.conf'])
})

test('where a path leads, as far as it exists', async (t) => {
  const folder = await folderOf(t, ['a/b/c'])
  await symlink('a/b', join(folder, 'link'))
  assert.equal(await trees.realPath(join(folder, 'link/d/e')), join(folder, 'a/b/d/e'))
  assert.equal(await trees.realPath('/'), '/')
})
