import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, open, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import koffi from 'koffi'
import { systemClock } from '../../src/host/daemon/clock.ts'
import { openFileTree } from '../../src/host/files/file-tree.ts'
import { openMountTable } from '../../src/host/mounts/mount-table.ts'
import { hasCode, TMPFS } from '../contract/host/mount-table-contract.ts'
import { outFile, TREE, treeOf } from '../contract/host/file-tree-contract.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const CANARY = 'CANARY-51c7-wipe'
const tree = openFileTree(systemClock())

async function volume(t: TestContext): Promise<{ root: string; data: string }> {
  const root = join(await temporaryFolder(t), 'db')
  await openMountTable().mountTmpfs(root, { ...TMPFS, sizeBytes: 16 * 1024 * 1024, inodes: 2000 })
  return { root, data: join(root, 'data') }
}

test(
  '900 files of mostly holes are wiped within a second, and hold up nobody',
  { timeout: 60_000 },
  async (t) => {
    const { root, data } = await volume(t)
    await tree.replaceAll(root, [], TREE)
    const held = []
    for (let n = 0; n < 900; n += 1) {
      const handle = await open(join(data, `sparse-${n}`), 'w+')
      await handle.write(CANARY, 64 * 1024 * 1024)
      if (n % 100 === 0) held.push(handle)
      else await handle.close()
    }
    const used = process.cpuUsage()
    await tree.wipe(root)
    const { user, system } = process.cpuUsage(used)
    assert.ok((user + system) / 1000 < 1000, `${(user + system) / 1000} ms of processor time`)
    assert.deepEqual(await readdir(root), [])
    for (const handle of held) {
      assert.equal((await handle.stat()).size, 0)
      await handle.close()
    }
  },
)

test('names that are not UTF-8 are wiped, and do not fail the next generation', async (t) => {
  const { root, data } = await volume(t)
  await tree.replaceAll(root, [outFile('a', CANARY), outFile('d/b', CANARY)], TREE)
  const plant = async () => {
    const folder = Buffer.from([...Buffer.from(`${data}/`), 0xff, 0x0a])
    await mkdir(folder)
    for (const parent of [Buffer.from(data), Buffer.from(join(data, 'd')), folder])
      await writeFile(Buffer.concat([parent, Buffer.from([0x2f, 0xfe, 0x80])]), CANARY)
    return await open(Buffer.concat([folder, Buffer.from([0x2f, 0xfe, 0x80])]))
  }
  await (await plant()).close()
  await tree.replaceAll(root, [outFile('a', 'two')], TREE)
  assert.deepEqual(await treeOf(root), ['a 640 1234:2345 two'])
  await mkdir(join(data, 'd'))
  const handle = await plant()
  await tree.wipe(root)
  assert.deepEqual(await readdir(root), [])
  assert.ok((await handle.readFile()).every((byte) => byte === 0))
  await handle.close()
})

test(
  'a file under a lease is named, and reads zeros as soon as the lease ends',
  { timeout: 60_000 },
  async (t) => {
    const { root, data } = await volume(t)
    await tree.replaceAll(root, [outFile('a', CANARY), outFile('b', CANARY)], TREE)
    const handle = await open(join(data, 'a'))
    const fcntl = koffi.load(null).func('int fcntl(int fd, int command, long argument)')
    const [F_SETLEASE, F_RDLCK, F_UNLCK] = [1024, 0, 2]
    const asked = once(process, 'SIGIO')
    assert.equal(fcntl(handle.fd, F_SETLEASE, F_RDLCK), 0)
    await assert.rejects(tree.wipe(root), hasCode('io', /cannot wipe .*: a: under a lease/))
    await asked
    assert.deepEqual(await readdir(data).catch(() => []), [])
    assert.equal(fcntl(handle.fd, F_SETLEASE, F_UNLCK), 0)
    const text = Buffer.alloc(CANARY.length)
    for (let tries = 0; tries < 500; tries += 1) {
      await handle.read(text, 0, text.length, 0)
      if (!text.includes(CANARY)) break
      text.fill(0)
      await new Promise((done) => setTimeout(done, 20))
    }
    assert.ok(text.every((byte) => byte === 0))
    await handle.close()
  },
)

test('an immutable file is named', async (t) => {
  const { root, data } = await volume(t)
  await tree.replaceAll(root, [outFile('a', CANARY), outFile('b', CANARY)], TREE)
  execFileSync('chattr', ['+i', join(data, 'a')])
  await assert.rejects(tree.wipe(root), hasCode('io', /a: EPERM: it is immutable or append-only/))
  const left = await readdir(root, { recursive: true, withFileTypes: true })
  const [file, ...others] = left.filter((entry) => entry.isFile())
  assert.deepEqual(others, [])
  execFileSync('chattr', ['-i', join(file?.parentPath ?? '', file?.name ?? '')])
  await tree.wipe(root)
  assert.deepEqual(await readdir(root), [])
})
