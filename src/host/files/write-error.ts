import { errnoOf, LocketError } from '../../core/vocabulary/errors.ts'

/** Error codes of the system for a lack of space. */
export const FULL: readonly string[] = ['ENOSPC', 'EDQUOT']

/** The reasons behind error codes that a person can do something about. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
  EBUSY: 'it is a mount point: mount its folder instead',
  ENOTDIR: 'a part of the path is not a folder',
  EISDIR: 'it is a folder',
  ELOOP: 'a part of the path is a link',
}

/** Converts a system error to an `io` error that names the file. Returns any other error unchanged. */
export function writeError(path: string, thrown: unknown): unknown {
  const errno = errnoOf(thrown)
  if (errno === undefined) return thrown
  const reason = REASONS[errno]
  const why = reason === undefined ? errno : `${reason} (${errno})`
  return new LocketError('io', `cannot write ${path}: ${why}`, { cause: thrown })
}
