import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { parseMountinfo } from '../../src/host/mounts/mountinfo.ts'

/**
 * A temporary folder. When the test ends, everything mounted below it is unmounted, and the folder is
 * removed.
 */
export async function temporaryFolder(t: Pick<TestContext, 'after'>): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'locket-test-')))
  t.after(async () => {
    for (const target of (await mountPointsBelow(folder)).toReversed()) execFileSync('umount', ['-l', target])
    // Work in the background may still write: Node tries again when a folder is not empty.
    await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 20 })
  })
  return folder
}

export async function mountPointsBelow(folder: string): Promise<string[]> {
  const entries = parseMountinfo(await readFile('/proc/self/mountinfo', 'utf8'))
  return entries.map((entry) => entry.mountPoint).filter((target) => target.startsWith(`${folder}/`))
}

/** A file system of so many bytes, mounted at a new folder. */
export async function tinyDisk(
  t: Pick<TestContext, 'after'>,
  sizeBytes: number,
  options = '',
): Promise<string> {
  const disk = join(await temporaryFolder(t), 'disk')
  await mkdir(disk)
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes}${options}`, 'tiny', disk])
  return disk
}
