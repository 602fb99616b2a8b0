import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { parseMountinfo } from '../../src/host/mountinfo.ts'

/** A folder of the test's own. What is mounted below it is unmounted, and all is removed, when the test ends. */
export async function temporaryFolder(t: Pick<TestContext, 'after'>): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'locket-test-')))
  t.after(async () => {
    for (const target of (await mountPointsBelow(folder)).toReversed()) execFileSync('umount', ['-l', target])
    await rm(folder, { recursive: true, force: true })
  })
  return folder
}

export async function mountPointsBelow(folder: string): Promise<string[]> {
  const entries = parseMountinfo(await readFile('/proc/self/mountinfo', 'utf8'))
  return entries.map((entry) => entry.mountPoint).filter((target) => target.startsWith(`${folder}/`))
}
