import { constants } from 'node:fs'
import { open, rename, rm, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errnoOf } from '../../core/vocabulary/errors.ts'
import type { Owner } from '../../core/text/units.ts'

/**
 * Replaces a file so that an interruption leaves the old content or all of the new content. Writes to
 * `temporary`, in the same folder, and renames it. `settle` sets owner and mode before the content is
 * written. `temporary` never remains after an error.
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
 * Changes the owner of a file, so that a file that root writes into a user's folder belongs to the user. Use
 * it only for a file that the caller has just made: any other file may be a trap.
 */
export async function giveTo(file: FileHandle, owner: Owner): Promise<void> {
  const now = await file.stat()
  if (now.uid === owner.uid && now.gid === owner.gid) return
  try {
    await file.chown(owner.uid, owner.gid)
  } catch (thrown) {
    // Only root may change owners; other users stay the owner.
    if (errnoOf(thrown) !== 'EPERM') throw thrown
  }
}
