import assert from 'node:assert/strict'
import { link, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { Changes, FileTree, OutFile, TreeOptions } from '../../../src/core/ports/files.ts'
import { Secret } from '../../../src/core/vocabulary/secret.ts'

export const TREE: TreeOptions = { uid: 1234, gid: 2345, dirMode: 0o750, rootMode: 0o711 }

export function outFile(path: string, text: string | Uint8Array, mode = 0o640): OutFile {
  return { path, content: typeof text === 'string' ? Secret.fromText(text) : new Secret(text.slice()), mode }
}

/** Every entry below `data/`, with its mode, owner and text. */
export async function treeOf(root: string): Promise<string[]> {
  const data = join(root, 'data')
  const entries = await readdir(data, { recursive: true, withFileTypes: true })
  const lines = entries.map(async (entry) => {
    const path = join(entry.parentPath, entry.name)
    const { mode, uid, gid } = await stat(path)
    const text = entry.isFile() ? await readFile(path, 'utf8') : '/'
    return `${path.slice(data.length + 1)} ${(mode & 0o7777).toString(8)} ${uid}:${gid} ${text}`
  })
  return (await Promise.all(lines)).toSorted()
}

/** Inode and times of `data/` and every entry below it. A watcher notices a change of any of them. */
async function identitiesOf(root: string): Promise<Map<string, string>> {
  const data = join(root, 'data')
  const paths = ['.', ...(await readdir(data, { recursive: true }))]
  const facts = await Promise.all(paths.map((path) => stat(join(data, path), { bigint: true })))
  return new Map(
    paths.map((path, at) => [path, `${facts[at]?.ino} ${facts[at]?.mtimeNs} ${facts[at]?.ctimeNs}`]),
  )
}

function sorted({ changed, made, gone }: Changes): Changes {
  return { changed: changed.toSorted(), made: made.toSorted(), gone: gone.toSorted() }
}

export interface TreeSubject {
  readonly tree: FileTree
  /** A folder as `mountTmpfs` leaves it. */
  readonly root: string
}

/** Tests that every FileTree must pass. */
export function fileTreeContract(kind: string, open: (t: TestContext) => Promise<TreeSubject>): void {
  test(`${kind}: files, folders and the root get their content, mode and owner`, async (t) => {
    const { tree, root } = await open(t)
    const binary = Uint8Array.from({ length: 256 }, (_, byte) => byte)
    const files = [
      outFile('a', 'one'),
      outFile('certs/deep/tls.key', binary, 0o400),
      outFile('empty', '', 0o4755),
    ]
    await tree.replaceAll(root, files, TREE)
    assert.deepEqual(await treeOf(root), [
      'a 640 1234:2345 one',
      'certs 750 1234:2345 /',
      'certs/deep 750 1234:2345 /',
      `certs/deep/tls.key 400 1234:2345 ${Buffer.from(binary).toString('utf8')}`,
      'empty 4755 1234:2345 ',
    ])
    assert.deepEqual(await readFile(join(root, 'data/certs/deep/tls.key')), Buffer.from(binary))
    const { mode, uid, gid } = await stat(join(root, 'data'))
    assert.deepEqual([mode & 0o7777, uid, gid], [0o711, 1234, 2345])
    assert.deepEqual(await readdir(join(root, 'stage')), [])
  })

  test(`${kind}: the stage is closed to everybody but us`, async (t) => {
    const { tree, root } = await open(t)
    await tree.replaceAll(root, [outFile('a', 'one')], TREE)
    const { mode, uid } = await stat(join(root, 'stage'))
    assert.deepEqual([mode & 0o7777, uid], [0o700, process.geteuid?.()])
  })

  test(`${kind}: setgid and sticky bits of folders survive the change of owner`, async (t) => {
    const { tree, root } = await open(t)
    await tree.replaceAll(root, [outFile('d/f', 'x')], { ...TREE, dirMode: 0o2750, rootMode: 0o1777 })
    assert.deepEqual(await treeOf(root), ['d 2750 1234:2345 /', 'd/f 640 1234:2345 x'])
    assert.equal((await stat(join(root, 'data'))).mode & 0o7777, 0o1777)
  })

  test(`${kind}: without an owner the files are ours`, async (t) => {
    const { tree, root } = await open(t)
    await tree.replaceAll(root, [outFile('d/f', 'x')], { dirMode: 0o700, rootMode: 0o700 })
    const { uid, gid } = await stat(join(root, 'data/d/f'))
    assert.deepEqual([uid, gid], [process.geteuid?.(), process.getegid?.()])
  })

  test(`${kind}: a file has its own owner; a change of owner or mode alone writes that file again`, async (t) => {
    const { tree, root } = await open(t)
    const own = { ...outFile('d/own', 'x', 0o440), owner: { uid: 7, gid: 8 } }
    const files = [outFile('plain', 'x'), own]
    await tree.replaceAll(root, files, TREE)
    const expected = ['d 750 1234:2345 /', 'd/own 440 7:8 x', 'plain 640 1234:2345 x']
    assert.deepEqual(await treeOf(root), expected)
    const before = await identitiesOf(root)
    assert.deepEqual(await tree.replaceAll(root, files, TREE), { changed: [], made: [], gone: [] })
    assert.deepEqual(await identitiesOf(root), before)
    const other = { ...own, owner: { uid: 7, gid: 9 } }
    const changes = await tree.replaceAll(root, [outFile('plain', 'x'), other], TREE)
    assert.deepEqual(changes, { changed: ['d/own'], made: [], gone: [] })
    assert.deepEqual(await treeOf(root), [expected[0], 'd/own 440 7:9 x', expected[2]])
    const narrow = await tree.replaceAll(root, [outFile('plain', 'x'), { ...other, mode: 0o400 }], TREE)
    assert.deepEqual(narrow.changed, ['d/own'])
  })

  test(`${kind}: a new generation replaces the old one whole, twice over`, async (t) => {
    const { tree, root } = await open(t)
    await tree.replaceAll(root, [outFile('a', 'one'), outFile('old/x', 'x'), outFile('kept/y', 'y')], TREE)
    await writeFile(join(root, 'data', 'planted'), 'by a container')
    await mkdir(join(root, 'data', 'kept', 'more'))
    await symlink('/etc/passwd', join(root, 'data', 'link'))
    const next = [outFile('a', 'two', 0o600), outFile('kept/z', 'z')]
    const options: TreeOptions = { uid: 1, gid: 1, dirMode: 0o755, rootMode: 0o755 }
    for (let times = 0; times < 2; times += 1) {
      await tree.replaceAll(root, next, options)
      assert.deepEqual(await treeOf(root), ['a 600 1:1 two', 'kept 755 1:1 /', 'kept/z 640 1:1 z'])
      assert.deepEqual(await readdir(join(root, 'stage')), [])
    }
  })

  test(`${kind}: equal content is not touched: same inode, same mtime`, async (t) => {
    const { tree, root } = await open(t)
    const files = [outFile('a', 'one'), outFile('d/e', 'two'), outFile('empty', '')]
    await tree.replaceAll(root, files, TREE)
    const before = await identitiesOf(root)
    const changes = await tree.replaceAll(root, files, TREE)
    assert.deepEqual(changes, { changed: [], made: [], gone: [] })
    assert.deepEqual(await identitiesOf(root), before)
    await tree.replaceAll(root, [outFile('a', 'ONE'), ...files.slice(1)], TREE)
    const after = await identitiesOf(root)
    assert.notEqual(after.get('a'), before.get('a'))
    assert.deepEqual([after.get('d/e'), after.get('empty')], [before.get('d/e'), before.get('empty')])
  })

  test(`${kind}: another content, mode or owner is a change of that file`, async (t) => {
    const { tree, root } = await open(t)
    const first = await tree.replaceAll(
      root,
      ['a', 'b/c', 'b/d', 'e'].map((path) => outFile(path, path)),
      TREE,
    )
    assert.deepEqual(first, { changed: [], made: ['a', 'b/c', 'b/d', 'e'], gone: [] })
    await writeFile(join(root, 'data', 'planted'), 'by a container')
    const next = [outFile('a', 'other'), outFile('b/c', 'b/c'), outFile('e', 'e', 0o600), outFile('f', 'f')]
    assert.deepEqual(sorted(await tree.replaceAll(root, next, TREE)), {
      changed: ['a', 'e'],
      made: ['f'],
      gone: ['b/d', 'planted'],
    })
    const others = await tree.replaceAll(root, next, { ...TREE, uid: 77 })
    assert.deepEqual(others, { changed: ['a', 'b/c', 'e', 'f'], made: [], gone: [] })
    assert.deepEqual(sorted(await tree.replaceAll(root, [], TREE)).gone, ['a', 'b', 'e', 'f'])
  })

  test(`${kind}: an equal file that became a link, a folder or got a second name is written`, async (t) => {
    const { tree, root } = await open(t)
    const files = ['link', 'folder', 'named'].map((path) => outFile(path, 'same'))
    await tree.replaceAll(root, files, TREE)
    await rename(join(root, 'data/link'), join(root, 'data/elsewhere'))
    await symlink('elsewhere', join(root, 'data/link'))
    await rm(join(root, 'data/folder'))
    await mkdir(join(root, 'data/folder'))
    await link(join(root, 'data/named'), join(root, 'data/second'))
    const { changed } = await tree.replaceAll(root, files, TREE)
    assert.deepEqual(changed, ['link', 'folder', 'named'])
    assert.deepEqual(
      await treeOf(root),
      ['folder', 'link', 'named'].map((path) => `${path} 640 1234:2345 same`),
    )
  })

  test(`${kind}: a file may become a folder, and a folder a file`, async (t) => {
    const { tree, root } = await open(t)
    await tree.replaceAll(root, [outFile('a', 'file'), outFile('b/c/d', 'deep')], TREE)
    await tree.replaceAll(root, [outFile('a/x/y', 'deep'), outFile('b', 'file')], TREE)
    assert.deepEqual(await treeOf(root), [
      'a 750 1234:2345 /',
      'a/x 750 1234:2345 /',
      'a/x/y 640 1234:2345 deep',
      'b 640 1234:2345 file',
    ])
  })

  test(`${kind}: no files is a generation too`, async (t) => {
    const { tree, root } = await open(t)
    await tree.replaceAll(root, [outFile('a/b', 'one')], TREE)
    await tree.replaceAll(root, [], TREE)
    assert.deepEqual(await treeOf(root), [])
  })

  test(`${kind}: wiping leaves nothing, and can be repeated`, async (t) => {
    const { tree, root } = await open(t)
    await tree.replaceAll(root, [outFile('a', 'one'), outFile('b/c', 'two')], TREE)
    await tree.wipe(root)
    const left = await readdir(root, { recursive: true, withFileTypes: true })
    assert.deepEqual(
      left.filter((entry) => !entry.isDirectory()),
      [],
    )
    await tree.wipe(root)
    await tree.wipe(join(root, 'no', 'such'))
    await tree.replaceAll(root, [outFile('a', 'again')], TREE)
    assert.deepEqual(await treeOf(root), ['a 640 1234:2345 again'])
  })

  test(`${kind}: the content stays the caller's`, async (t) => {
    const { tree, root } = await open(t)
    const file = outFile('a', 'one')
    await tree.replaceAll(root, [file], TREE)
    assert.equal(file.content.byteLength, 3)
    assert.equal(Buffer.from(file.content.reveal()).toString(), 'one')
  })
}
