import { errnoOf, LocketError } from '../../core/vocabulary/errors.ts'

/** Why the system said no, where a person can do something about it. */
const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
  EBUSY: 'it is a mount point: mount its folder instead',
  ENOTDIR: 'a part of the path is no folder',
  EISDIR: 'it is a folder',
  ELOOP: 'a part of the path is a link',
}

/** What went wrong with a file of the user's, as `io`. What the system did not say itself stays as it is. */
export function writeError(path: string, thrown: unknown): unknown {
  const errno = errnoOf(thrown)
  if (errno === undefined) return thrown
  const reason = REASONS[errno]
  const why = reason === undefined ? errno : `${reason} (${errno})`
  return new LocketError('io', `cannot write ${path}: ${why}`, { cause: thrown })
}
