import type { FileHandle } from 'node:fs/promises'
import { errnoOf } from '../../core/vocabulary/errors.ts'
import type { Owner } from '../../core/text/units.ts'

/** What root writes into a user's folder stays the user's. Only for a file that the caller has just made: another may be a trap. */
export async function giveTo(file: FileHandle, owner: Owner): Promise<void> {
  const now = await file.stat()
  if (now.uid === owner.uid && now.gid === owner.gid) return
  try {
    await file.chown(owner.uid, owner.gid)
  } catch (thrown) {
    // Only root gives files away; others keep what they write.
    if (errnoOf(thrown) !== 'EPERM') throw thrown
  }
}
