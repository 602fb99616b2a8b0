import { constants, type Stats } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errnoOf, isLocketError, LocketError } from '../../core/vocabulary/errors.ts'
import { systemReason } from '../../core/vocabulary/system-errors.ts'

/** Largest state file in bytes: some 100,000 volumes. */
const MOST_BYTES = 256 * 1024 * 1024
const WRITABLE_FOR_OTHERS = 0o002
const WRITABLE_FOR_GROUP = 0o020

/**
 * Returns the text of a state file, or undefined when there is none. Rejects with `state_corrupt` when the
 * system refuses to read it, when it is not a regular file (reading a FIFO would wait), or when another user
 * owns it or may write it or its folder: that user could make the daemon wipe secrets in use.
 */
export async function readStateFile(path: string): Promise<string | undefined> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const facts = await file.stat()
    if (!facts.isFile()) throw unfit(path, 'is not a regular file')
    if (facts.size > MOST_BYTES) throw unfit(path, 'is larger than 256 MiB')
    checkAccess(path, facts, WRITABLE_FOR_GROUP | WRITABLE_FOR_OTHERS)
    checkAccess(dirname(path), await stat(dirname(path)), WRITABLE_FOR_OTHERS)
    return await file.readFile('utf8')
  } catch (error) {
    if (isLocketError(error)) throw error
    const errno = errnoOf(error) ?? 'unknown error'
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined
    throw new LocketError('state_corrupt', `${path} cannot be read: ${systemReason(errno, 'read')}`, {
      cause: error,
      hint: 'make it readable, or start empty with --reset-state; the file is kept',
    })
  }
}

function checkAccess(path: string, { uid, mode }: Stats, writable: number): void {
  const own = process.geteuid?.() ?? 0
  if (uid !== own && uid !== 0)
    throw unfit(
      path,
      `belongs to user ${uid}, who is neither root nor the user of this daemon`,
      `chown ${own} it`,
    )
  if ((mode & writable) !== 0)
    throw unfit(
      path,
      `can be written by others (mode ${(mode & 0o7777).toString(8).padStart(4, '0')})`,
      'chmod go-w it',
    )
}

function unfit(path: string, why: string, remedy = 'move it away'): LocketError {
  return new LocketError('state_corrupt', `${path} ${why}`, {
    hint: `make sure that nobody has changed it, then ${remedy}; or start empty with --reset-state, the file is kept`,
  })
}
