import assert from 'node:assert/strict'
import { lstat, mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { isLocketError, type ErrorCode } from '../../../src/core/vocabulary/errors.ts'
import type { MountTable } from '../../../src/core/ports/mounts.ts'
import type { TmpfsOptions } from '../../../src/host/mounts/mount-table.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

export const TMPFS: TmpfsOptions = {
  sizeBytes: 1 << 20,
  inodes: 1024,
  flags: ['rw', 'noexec', 'nosuid', 'nodev'],
  allowSwap: false,
}

export function hasCode(code: ErrorCode, message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(isLocketError(error), String(error))
    assert.equal(error.code, code)
    assert.match(error.message, message)
    return true
  }
}

/** Tests that every MountTable must pass. */
export function mountTableContract(kind: string, open: (t: TestContext) => MountTable<TmpfsOptions>): void {
  async function start(
    t: TestContext,
  ): Promise<{ mounts: MountTable<TmpfsOptions>; dir: string; target: string }> {
    const dir = await temporaryFolder(t)
    return { mounts: open(t), dir, target: join(dir, 'db') }
  }

  test(`${kind}: a mounted target is listed, and gone with its folder and files once unmounted`, async (t) => {
    const { mounts, dir, target } = await start(t)
    assert.equal(await mounts.isMounted(target), false)
    assert.deepEqual(await mounts.listUnder(dir), [])
    assert.deepEqual((await mounts.mountTmpfs(target, TMPFS)).warnings, [])
    assert.equal(await mounts.isMounted(target), true)
    assert.deepEqual(await mounts.listUnder(dir), [target])
    await writeFile(join(target, 'file'), 'text')
    await mounts.unmount(target)
    assert.equal(await mounts.isMounted(target), false)
    assert.deepEqual(await readdir(dir), [])
  })

  test(`${kind}: the target's folders are made, for nobody else`, async (t) => {
    const { mounts, dir } = await start(t)
    await mounts.mountTmpfs(join(dir, 'volumes', 'db'), TMPFS)
    assert.equal((await lstat(join(dir, 'volumes'))).mode & 0o777, 0o700)
    assert.equal((await lstat(join(dir, 'volumes', 'db'))).mode & 0o777, 0o700)
  })

  test(`${kind}: unmounting what is not mounted, or not there, is success`, async (t) => {
    const { mounts, dir, target } = await start(t)
    await mounts.unmount(target)
    await mounts.unmount(join(dir, 'no', 'such'))
    await mkdir(target)
    await mounts.unmount(target)
    assert.deepEqual(await readdir(dir), [])
  })

  test(`${kind}: a folder that is not mounted keeps its files through an unmount`, async (t) => {
    const { mounts, target } = await start(t)
    await mkdir(target)
    await writeFile(join(target, 'mine'), 'text')
    await mounts.unmount(target)
    assert.deepEqual(await readdir(target), ['mine'])
  })

  test(`${kind}: only targets directly below a folder are listed`, async (t) => {
    const { mounts, dir } = await start(t)
    for (const name of ['a', 'b', 'deep/c']) await mounts.mountTmpfs(join(dir, name), TMPFS)
    assert.deepEqual((await mounts.listUnder(dir)).toSorted(), [join(dir, 'a'), join(dir, 'b')])
    assert.deepEqual(await mounts.listUnder(join(dir, 'missing')), [])
  })

  test(`${kind}: names with spaces, backslashes and umlauts are names like others`, async (t) => {
    const { mounts, dir } = await start(t)
    const target = join(dir, 'a b\\040c\tü')
    await mounts.mountTmpfs(target, TMPFS)
    assert.equal(await mounts.isMounted(target), true)
    assert.deepEqual(await mounts.listUnder(dir), [target])
    await mounts.unmount(target)
    assert.equal(await mounts.isMounted(target), false)
  })

  test(`${kind}: a target below a linked folder is the same one`, async (t) => {
    const { mounts, dir } = await start(t)
    await mkdir(join(dir, 'real'))
    await symlink('real', join(dir, 'link'))
    await mounts.mountTmpfs(join(dir, 'link', 'db'), TMPFS)
    assert.equal(await mounts.isMounted(join(dir, 'real', 'db')), true)
    assert.deepEqual(await mounts.listUnder(join(dir, 'link')), [join(dir, 'link', 'db')])
    await mounts.unmount(join(dir, 'link', 'db'))
    assert.equal(await mounts.isMounted(join(dir, 'real', 'db')), false)
  })

  test(`${kind}: nothing is mounted over a link, a file, or another mount`, async (t) => {
    const { mounts, dir, target } = await start(t)
    await mkdir(join(dir, 'victim'))
    await symlink('victim', join(dir, 'link'))
    await writeFile(join(dir, 'file'), '')
    await mounts.mountTmpfs(target, TMPFS)
    for (const name of ['link', 'file', 'db']) {
      await assert.rejects(
        mounts.mountTmpfs(join(dir, name), TMPFS),
        hasCode('mount_failed', new RegExp(name)),
      )
    }
    assert.deepEqual(await mounts.listUnder(dir), [target])
  })

  test(`${kind}: an unknown flag is a config error, and nothing is mounted`, async (t) => {
    const { mounts, dir, target } = await start(t)
    await assert.rejects(
      mounts.mountTmpfs(target, { ...TMPFS, flags: ['noexce'] }),
      hasCode('config', /"noexce"/),
    )
    assert.deepEqual(await readdir(dir), [])
  })

  test(`${kind}: a limit of 0, which the kernel takes for none, is refused`, async (t) => {
    const { mounts, target } = await start(t)
    await assert.rejects(
      mounts.mountTmpfs(target, { ...TMPFS, sizeBytes: 0 }),
      hasCode('mount_failed', /limit/),
    )
    await assert.rejects(mounts.mountTmpfs(target, { ...TMPFS, inodes: 0 }), hasCode('mount_failed', /limit/))
    assert.equal(await mounts.isMounted(target), false)
  })

  test(`${kind}: ro is taken, and said to be the engine's to enforce`, async (t) => {
    const { mounts, target } = await start(t)
    const { warnings } = await mounts.mountTmpfs(target, { ...TMPFS, flags: ['ro'] })
    assert.match(warnings.join(), /flag ro/)
    await writeFile(join(target, 'file'), 'text')
  })

  test(`${kind}: resizing keeps files; what is not mounted cannot be resized`, async (t) => {
    const { mounts, target } = await start(t)
    await assert.rejects(mounts.resize(target, 1 << 20), hasCode('mount_failed', /nothing is mounted/))
    await mounts.mountTmpfs(target, TMPFS)
    await writeFile(join(target, 'file'), 'text')
    await mounts.resize(target, 2 << 20)
    await mounts.resize(target, 1 << 20)
    assert.deepEqual(await readdir(target), ['file'])
  })

  test(`${kind}: many targets at one time`, async (t) => {
    const { mounts, dir } = await start(t)
    const targets = Array.from({ length: 20 }, (_, n) => join(dir, `v${n}`))
    await Promise.all(targets.map((target) => mounts.mountTmpfs(target, TMPFS)))
    assert.deepEqual((await mounts.listUnder(dir)).toSorted(), targets.toSorted())
    await Promise.all(targets.map((target) => mounts.unmount(target)))
    assert.deepEqual(await readdir(dir), [])
  })
}
