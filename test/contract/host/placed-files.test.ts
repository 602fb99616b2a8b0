import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { constants, existsSync, lstatSync, openSync, readSync, closeSync, watch } from 'node:fs'
import { chmod, link, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { toLocketError } from '../../../src/core/vocabulary/errors.ts'
import type { PlacedFile, PlaceOptions } from '../../../src/core/ports/files.ts'
import { Secret } from '../../../src/core/vocabulary/secret.ts'
import { openPlacedFiles } from '../../../src/host/files/placed-files.ts'
import { temporaryFolder, tinyDisk } from '../../support/temporary-folder.ts'

const OPTIONS: PlaceOptions = { fileMode: 0o640, dirMode: 0o750 }
const placed = openPlacedFiles()

function file(folder: string, path: string, text: string | Uint8Array = `of ${path}`): PlacedFile {
  return {
    folder,
    path,
    existing: 'replace',
    content: typeof text === 'string' ? Secret.fromText(text) : new Secret(text),
  }
}

async function refusal(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => assert.fail('it was not refused'),
    (thrown: unknown) => {
      const error = toLocketError(thrown)
      return `${error.code}: ${error.message}`
    },
  )
}

function modeOf(path: string): string {
  const { mode, uid, gid } = lstatSync(path)
  return `${(mode & 0o7777).toString(8)} ${uid}:${gid}`
}

test('F10: files and new folders have the configured mode and owner, for any umask', async (t) => {
  const folder = await temporaryFolder(t)
  await chmod(folder, 0o711)
  const before = process.umask(0o077)
  t.after(() => process.umask(before))
  const owner = { uid: 1234, gid: 1235 }
  const top = join(folder, 'a/b')
  const made = await placed.write([file(top, 'c/d/e'), file(top, 'f')], { ...OPTIONS, owner })
  for (const path of ['a', 'a/b', 'a/b/c', 'a/b/c/d'])
    assert.equal(modeOf(join(folder, path)), '750 1234:1235', path)
  for (const path of ['a/b/c/d/e', 'a/b/f']) assert.equal(modeOf(join(folder, path)), '640 1234:1235', path)
  assert.equal(modeOf(folder), '711 0:0')
  assert.equal(await readFile(join(top, 'c/d/e'), 'utf8'), 'of c/d/e')
  assert.deepEqual(made, {
    changed: [],
    made: [
      { folder: top, path: 'c/d/e' },
      { folder: top, path: 'f' },
    ],
    folders: ['a', 'a/b', 'a/b/c', 'a/b/c/d'].map((path) => join(folder, path)),
  })
})

test('F10: temporary names begin with a dot, have a safe ending, and none remains', async (t) => {
  const folder = await temporaryFolder(t)
  const names = new Set<string>()
  const watcher = watch(folder, (_event, name) => names.add(String(name)))
  t.after(() => watcher.close())
  for (let n = 0; n < 5; n += 1)
    await placed.write(
      [file(folder, 'app.yaml', `yaml ${n}`), file(folder, 'app.toml', `toml ${n}`)],
      OPTIONS,
    )
  await sleep(100)
  const temporary = [...names].filter((name) => !['app.yaml', 'app.toml'].includes(name))
  assert.ok(temporary.length > 0, 'nothing was staged beside its place')
  for (const name of temporary) assert.match(name, /^\.locket-[0-9a-f]+\.tmp$/)
  assert.deepEqual((await readdir(folder)).toSorted(), ['app.toml', 'app.yaml'])
})

test('F4: when one of the files cannot be written, none of them is, and nothing new stays', async (t) => {
  const folder = await temporaryFolder(t)
  await placed.write([file(folder, 'user', 'old')], OPTIONS)
  await mkdir(join(folder, 'password'))
  const files = [file(folder, 'user', 'new'), file(folder, 'x/y'), file(folder, 'password', 'new')]
  assert.equal(await refusal(placed.write(files, OPTIONS)), `plan_conflict: ${folder}/password is a folder`)
  assert.equal(await readFile(join(folder, 'user'), 'utf8'), 'old')
  assert.deepEqual((await readdir(folder)).toSorted(), ['password', 'user'])
})

test('a full disk: what is there stays as it is, and the message says where there was no room', async (t) => {
  const disk = await tinyDisk(t, 64 * 1024)
  await placed.write([file(disk, 'a', 'old')], OPTIONS)
  const large = file(disk, 'b', new Uint8Array(256 * 1024).fill(7))
  const said = await refusal(placed.write([file(disk, 'a', 'new'), large], OPTIONS))
  assert.equal(said, `too_large: no room for ${disk}/b: the disk is full`)
  assert.equal(await readFile(join(disk, 'a'), 'utf8'), 'old')
  assert.deepEqual(await readdir(disk), ['a'])
})

test('a file that is the same already is not touched; another mode or content is a change', async (t) => {
  const folder = await temporaryFolder(t)
  await placed.write([file(folder, 'a'), file(folder, 'b')], OPTIONS)
  const before = await stat(join(folder, 'a'))
  const again = await placed.write([file(folder, 'a'), file(folder, 'b', 'other')], OPTIONS)
  assert.deepEqual(again, { changed: [{ folder, path: 'b' }], made: [], folders: [] })
  const after = await stat(join(folder, 'a'))
  assert.deepEqual([after.ino, after.mtimeMs], [before.ino, before.mtimeMs])
  const narrower = await placed.write([file(folder, 'a')], { ...OPTIONS, fileMode: 0o400 })
  assert.deepEqual(narrower.changed, [{ folder, path: 'a' }])
  assert.equal(modeOf(join(folder, 'a')), '400 0:0')
})

test('a file has its own mode and owner, its folder those of all; another one is a change', async (t) => {
  const folder = await temporaryFolder(t)
  const options = { ...OPTIONS, owner: { uid: 1, gid: 2 } }
  const own = { ...file(folder, 'd/own'), access: { mode: 0o444, owner: { uid: 3, gid: 4 } } }
  const mode = { ...file(folder, 'mode'), access: { mode: 0o400 } }
  await placed.write([own, mode, file(folder, 'plain')], options)
  const all = ['d', 'd/own', 'mode', 'plain'].map((path) => modeOf(join(folder, path)))
  assert.deepEqual(all, ['750 1:2', '444 3:4', '400 1:2', '640 1:2'])
  assert.deepEqual((await placed.write([own, mode], options)).changed, [])
  const other = { ...own, access: { mode: 0o440 } }
  assert.deepEqual((await placed.write([other, mode], options)).changed, [{ folder, path: 'd/own' }])
  assert.equal(modeOf(join(folder, 'd/own')), '440 1:2')
})

test('a file that is there already can be refused, before anything is written', async (t) => {
  const folder = await temporaryFolder(t)
  await writeFile(join(folder, 'b'), 'theirs')
  const files = ['a', 'b'].map((path) => ({ ...file(folder, path), existing: 'refuse' as const }))
  const said = await refusal(placed.write(files, OPTIONS))
  assert.equal(said, `plan_conflict: ${folder}/b is there already`)
  assert.deepEqual(await readdir(folder), ['b'])
  assert.equal(await readFile(join(folder, 'b'), 'utf8'), 'theirs')
})

test('no link in a destination is followed; a link in the place of a file is replaced', async (t) => {
  const folder = await temporaryFolder(t)
  const elsewhere = join(folder, 'elsewhere')
  await mkdir(elsewhere)
  await writeFile(join(elsewhere, 'victim'), 'theirs')
  await mkdir(join(folder, 'real/out'), { recursive: true })
  await symlink('real', join(folder, 'var'))
  await symlink(elsewhere, join(folder, 'real/out/sub'))
  await symlink(join(elsewhere, 'victim'), join(folder, 'real/out/file'))
  const above = join(folder, 'var')
  await placed.write([file(above, 'out/file', 'mine')], OPTIONS)
  assert.equal(await readFile(join(folder, 'real/out/file'), 'utf8'), 'mine')
  assert.equal(lstatSync(join(folder, 'real/out/file')).isFile(), true)
  assert.match(
    await refusal(placed.write([file(above, 'out/sub/victim', 'mine')], OPTIONS)),
    /out\/sub is a link/,
  )
  assert.equal(await readFile(join(elsewhere, 'victim'), 'utf8'), 'theirs')
  await placed.remove([{ folder: above, path: 'out/sub/victim' }], [])
  assert.equal(await readFile(join(elsewhere, 'victim'), 'utf8'), 'theirs')
})

test('what is removed is overwritten first, and folders that are empty then go with it', async (t) => {
  const folder = await temporaryFolder(t)
  const { made, folders } = await placed.write([file(folder, 'a/b/c', 'canary-removed')], {
    ...OPTIONS,
    fileMode: 0o400,
  })
  const reader = openSync(join(folder, 'a/b/c'), constants.O_RDONLY)
  t.after(() => closeSync(reader))
  await writeFile(join(folder, 'a/theirs'), 'x')
  await placed.remove([...made, { folder, path: 'gone/for/long' }], folders)
  assert.deepEqual(await readdir(join(folder, 'a')), ['theirs'])
  assert.equal(readSync(reader, Buffer.alloc(64), 0, 64, 0), 0)
})

test('leftovers of a killed process do no harm', async (t) => {
  const folder = await temporaryFolder(t)
  const names: string[] = []
  const watcher = watch(folder, (_event, name) => names.push(String(name)))
  await placed.write([file(folder, 'a', 'one')], OPTIONS)
  await sleep(50)
  watcher.close()
  const temporary = names.find((name) => name.startsWith('.locket-')) ?? ''
  await writeFile(join(folder, temporary), 'half of it')
  await placed.write([file(folder, 'a', 'two')], OPTIONS)
  assert.deepEqual(await readdir(folder), ['a'])
  assert.equal(await readFile(join(folder, 'a'), 'utf8'), 'two')
})

test('a user who is not root: his own folder works, another owner is refused with the reason', async (t) => {
  const folder = await temporaryFolder(t)
  await chmod(folder, 0o777)
  const script = `
    const { openPlacedFiles } = await import(${JSON.stringify(new URL('../../../src/host/files/placed-files.ts', import.meta.url).href)})
    const { Secret } = await import(${JSON.stringify(new URL('../../../src/core/vocabulary/secret.ts', import.meta.url).href)})
    process.setgroups([]); process.setgid(1000); process.setuid(1000)
    const write = (path, more) => openPlacedFiles().write([{ folder: ${JSON.stringify(folder)}, path, content: Secret.fromText('x'), existing: 'replace' }],
      { fileMode: 0o400, dirMode: 0o700, ...more })
    const made = await write('mine/a', {})
    await write('mine/a', {})
    await write('other/a', { owner: { uid: 0, gid: 0 } }).catch((error) => console.log(error.message))
    await openPlacedFiles().remove(made.made, [])`
  const said = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' })
  assert.equal(said, 'this user may not give files to 0:0\n')
  assert.deepEqual(await readdir(folder), ['mine'])
  assert.equal(modeOf(join(folder, 'mine')), '700 1000:1000')
  assert.equal(existsSync(join(folder, 'mine/a')), false)
})

test('a device or a pipe in the place of a file is refused, and stays', async (t) => {
  const folder = await temporaryFolder(t)
  execFileSync('mkfifo', [join(folder, 'pipe')])
  assert.match(
    await refusal(placed.write([file(folder, 'pipe')], OPTIONS)),
    /^io: .*pipe exists and is not a regular file$/,
  )
  assert.ok(lstatSync(join(folder, 'pipe')).isFIFO())
})

test('a link to a device, a pipe or a folder is refused before anything is written, and stays', async (t) => {
  const folder = await temporaryFolder(t)
  execFileSync('mkfifo', [join(folder, 'pipe')])
  const links = {
    stdout: '/proc/self/fd/1',
    null: '/dev/null',
    pipe: join(folder, 'pipe'),
    chain: '../chain',
    dir: folder,
  }
  await mkdir(join(folder, 'out'))
  for (const [name, target] of Object.entries(links)) await symlink(target, join(folder, 'out', name))
  await symlink('out/pipe', join(folder, 'chain'))
  for (const name of Object.keys(links)) {
    const files = [file(folder, 'new/good'), file(join(folder, 'out'), name)]
    const said = await refusal(placed.write(files, OPTIONS))
    assert.match(said, new RegExp(`^io: .*/out/${name} is a link to /.*, which is not a regular file$`), name)
    assert.equal(lstatSync(join(folder, 'out', name)).isSymbolicLink(), true)
    assert.deepEqual((await readdir(folder)).toSorted(), ['chain', 'out', 'pipe'])
  }
})

test('what has another name elsewhere keeps its content there', async (t) => {
  const folder = await temporaryFolder(t)
  await writeFile(join(folder, 'precious'), 'mine')
  await link(join(folder, 'precious'), join(folder, 'a'))
  await placed.remove([{ folder, path: 'a' }], [])
  assert.deepEqual(
    [await readdir(folder), await readFile(join(folder, 'precious'), 'utf8')],
    [['precious'], 'mine'],
  )
})
