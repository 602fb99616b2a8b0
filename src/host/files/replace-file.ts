import { constants } from 'node:fs'
import { open, rename, rm, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errnoOf } from '../../core/vocabulary/errors.ts'
import type { Owner } from '../../core/text/units.ts'

/**
 * Leaves the old content of `path` or all of the new one, whatever ends this process. Writes to `temporary`,
 * in the same folder, and renames it. `settle` gives the file its owner and mode before the content is in it.
 * `temporary` never stays.
 */
export async function replaceFile(
  path: string,
  temporary: string,
  content: Uint8Array,
  settle: (file: FileHandle) => Promise<void>,
): Promise<void> {
  try {
    await using file = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
    await settle(file)
    await file.writeFile(content)
    await file.sync()
    await rename(temporary, path)
  } catch (thrown) {
    await rm(temporary, { force: true })
    throw thrown
  }
  await using folder = await open(dirname(path), 'r')
  await folder.sync()
}

/**
 * Gives a file away, so that what root writes into a user's folder stays the user's. Only for a file that the
 * caller has just made: another one may be a trap.
 */
export async function giveTo(file: FileHandle, owner: Owner): Promise<void> {
  const now = await file.stat()
  if (now.uid === owner.uid && now.gid === owner.gid) return
  try {
    await file.chown(owner.uid, owner.gid)
  } catch (thrown) {
    // Only root gives files away; other users keep what they write.
    if (errnoOf(thrown) !== 'EPERM') throw thrown
  }
}
