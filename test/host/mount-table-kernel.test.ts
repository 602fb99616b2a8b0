import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { lstat, mkdir, open, readdir, readFile, statfs, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { MountTable } from '../../src/core/ports/mounts.ts'
import type { Errno } from '../../src/host/libc.ts'
import { openKernel } from '../../src/host/mounts/mount-kernel.ts'
import { openMountTable, type TmpfsOptions } from '../../src/host/mounts/mount-table.ts'
import { parseMountinfo, type MountEntry } from '../../src/host/mounts/mountinfo.ts'
import { hasCode, TMPFS } from '../contract/host/mount-table-contract.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const SWAP_ON = 'Filename Type Size Used Priority\n/dev/sda2 partition 1 0 -2\n'
const SWAP_OFF = 'Filename Type Size Used Priority\n'

async function entryAt(target: string): Promise<MountEntry | undefined> {
  return parseMountinfo(await readFile('/proc/self/mountinfo', 'utf8')).find(
    (entry) => entry.mountPoint === target,
  )
}

/** The real kernel, but for options that it refuses and for swap. */
function kernelThat(refuses: Readonly<Record<string, Errno>>, swaps = SWAP_OFF): MountTable<TmpfsOptions> {
  const real = openKernel()
  return openMountTable({
    ...real,
    swaps: async () => swaps,
    libc: async () => {
      const libc = await real.libc()
      return {
        umount2: libc.umount2,
        mountTmpfs(target, flags, data) {
          const refused = data.split(',').find((option) => Object.hasOwn(refuses, option))
          return refused === undefined ? libc.mountTmpfs(target, flags, data) : refuses[refused]
        },
      }
    },
  })
}

test('a tmpfs has the size, inodes, mode and flags that were asked for, and never swaps', async (t) => {
  const target = join(await temporaryFolder(t), 'db')
  const mounts = openMountTable()
  await mounts.mountTmpfs(target, {
    ...TMPFS,
    sizeBytes: 3 << 20,
    inodes: 77,
    flags: ['noatime'],
  })
  const entry = await entryAt(target)
  assert.equal(entry?.fsType, 'tmpfs')
  for (const option of ['rw', 'nosuid', 'nodev', 'noexec', 'noatime'])
    assert.ok(entry.options.includes(option), option)
  for (const option of ['noswap', 'size=3072k', 'nr_inodes=77', 'mode=700'])
    assert.ok(entry.superOptions.includes(option), option)
  const { blocks, bsize, files } = await statfs(target)
  assert.deepEqual([blocks * bsize, files], [3 << 20, 77])
})

test('nosuid, nodev and noexec are dropped by their own opposites alone', async (t) => {
  const target = join(await temporaryFolder(t), 'db')
  await openMountTable().mountTmpfs(target, { ...TMPFS, flags: ['rw', 'exec'] })
  const options = (await entryAt(target))?.options ?? []
  assert.ok(options.includes('nosuid') && options.includes('nodev') && !options.includes('noexec'))
})

test('resizing changes the size and nothing else', async (t) => {
  const target = join(await temporaryFolder(t), 'db')
  const mounts = openMountTable()
  await mounts.mountTmpfs(target, { ...TMPFS, flags: ['exec', 'noatime'] })
  const before = await entryAt(target)
  await mounts.resize(target, 5 << 20)
  const after = await entryAt(target)
  assert.deepEqual(after?.options, before?.options)
  assert.deepEqual(
    after?.superOptions,
    before?.superOptions.map((option) => option.replace('size=1024k', 'size=5120k')),
  )
  assert.ok(after?.superOptions.includes('noswap'))
})

test('a size below what is in use becomes what is in use', async (t) => {
  const target = join(await temporaryFolder(t), 'db')
  const mounts = openMountTable()
  await mounts.mountTmpfs(target, { ...TMPFS, sizeBytes: 2 << 20 })
  await writeFile(join(target, 'large'), new Uint8Array(1536 << 10))
  await mounts.resize(target, 1 << 20)
  const { blocks, bsize } = await statfs(target)
  assert.equal(blocks * bsize, 1536 << 10)
})

for (const errno of ['EINVAL', 'EPERM', 'EOPNOTSUPP']) {
  test(`noswap refused with ${errno}: mounted without it, and said so`, async (t) => {
    const target = join(await temporaryFolder(t), 'db')
    const { warnings } = await kernelThat({ noswap: errno }).mountTmpfs(target, TMPFS)
    assert.match(warnings.join(), new RegExp(`may be swapped: .*noswap \\(${errno}\\); no swap is on`))
    assert.ok(!(await entryAt(target))?.superOptions.includes('noswap'))
  })
}

test('noswap refused while swap is on: refused, and nothing stays mounted', async (t) => {
  const dir = await temporaryFolder(t)
  await assert.rejects(
    kernelThat({ noswap: 'EINVAL' }, SWAP_ON).mountTmpfs(join(dir, 'db'), TMPFS),
    (error: unknown) => {
      assert.match(String(Object(error).hint), /allow-swap/)
      return hasCode('mount_failed', /swapped to disk: .*EINVAL.*swap is on/)(error)
    },
  )
  assert.deepEqual(await readdir(dir), [])
})

test('noswap refused while swap is on, with allow-swap: mounted, and said so', async (t) => {
  const target = join(await temporaryFolder(t), 'db')
  const { warnings } = await kernelThat({ noswap: 'EINVAL' }, SWAP_ON).mountTmpfs(target, {
    ...TMPFS,
    allowSwap: true,
  })
  assert.match(warnings.join(), /may be swapped: .*swap is on, and allow-swap is set/)
})

test('swap that is on does not matter to a tmpfs with noswap', async (t) => {
  const target = join(await temporaryFolder(t), 'db')
  assert.deepEqual((await kernelThat({}, SWAP_ON).mountTmpfs(target, TMPFS)).warnings, [])
})

test('a kernel without huge pages still gets noswap', async (t) => {
  const target = join(await temporaryFolder(t), 'db')
  assert.deepEqual(
    (await kernelThat({ 'huge=never': 'EINVAL' }, SWAP_ON).mountTmpfs(target, TMPFS)).warnings,
    [],
  )
  assert.ok((await entryAt(target))?.superOptions.includes('noswap'))
})

test('without CAP_SYS_ADMIN the error says what is missing, and the folder goes', async (t) => {
  const dir = await temporaryFolder(t)
  const options = { noswap: 'EPERM', 'huge=never': 'EPERM', [`size=${TMPFS.sizeBytes}`]: 'EPERM' }
  await assert.rejects(kernelThat(options).mountTmpfs(join(dir, 'db'), TMPFS), (error: unknown) => {
    assert.match(String(Object(error).hint), /CAP_SYS_ADMIN/)
    return hasCode('mount_failed', /cannot mount a tmpfs at .*db: EPERM/)(error)
  })
  assert.deepEqual(await readdir(dir), [])
})

test('the SELinux context is quoted, and one that could end the quotes is refused', async (t) => {
  const target = join(await temporaryFolder(t), 'db')
  const seen: string[] = []
  const libc = {
    umount2: () => undefined,
    mountTmpfs: (_: string, __: number, data: string) => void seen.push(data),
  }
  const mounts = openMountTable({ ...openKernel(), libc: async () => libc })
  await mounts.mountTmpfs(target, { ...TMPFS, selinuxContext: 'system_u:object_r:container_file_t:s0:c1,c2' })
  assert.match(seen[0] ?? '', /,context="system_u:object_r:container_file_t:s0:c1,c2",noswap/)
  for (const selinuxContext of ['a",size=0,x="', 'a b', '', 'a\\', 'a\n']) {
    await assert.rejects(
      mounts.mountTmpfs(target, { ...TMPFS, selinuxContext }),
      hasCode('config', /SELinux/),
    )
  }
})

test('a busy tmpfs is unmounted all the same', async (t) => {
  const target = join(await temporaryFolder(t), 'db')
  const mounts = openMountTable()
  await mounts.mountTmpfs(target, TMPFS)
  await writeFile(join(target, 'file'), 'text')
  const holder = await open(join(target, 'file'))
  await mounts.unmount(target)
  assert.equal(await mounts.isMounted(target), false)
  await assert.rejects(lstat(target))
  await holder.close()
})

test('mounts that were stacked on one target are all removed', async (t) => {
  const target = join(await temporaryFolder(t), 'db')
  await mkdir(target)
  for (let times = 0; times < 3; times += 1) execFileSync('mount', ['-t', 'tmpfs', 'stacked', target])
  await openMountTable().unmount(target)
  assert.equal(await entryAt(target), undefined)
  await assert.rejects(lstat(target))
})

test('a link in the place of a target is not followed to be unmounted', async (t) => {
  const dir = await temporaryFolder(t)
  const mounts = openMountTable()
  await mounts.mountTmpfs(join(dir, 'other'), TMPFS)
  await symlink('other', join(dir, 'db'))
  await mounts.unmount(join(dir, 'db'))
  assert.equal(await mounts.isMounted(join(dir, 'other')), true)
})

test('a mount that is not a tmpfs is not ours', async (t) => {
  const dir = await temporaryFolder(t)
  const target = join(dir, 'db')
  await mkdir(target)
  execFileSync('mount', ['-t', 'proc', 'proc', target])
  const mounts = openMountTable()
  assert.equal(await mounts.isMounted(target), false)
  assert.deepEqual(await mounts.listUnder(dir), [])
  await assert.rejects(mounts.unmount(target), hasCode('io', /it is in use, or a mount point/))
})
