import { errnoOf, LocketError } from '../../core/vocabulary/errors.ts'

/** Codes of the system that mean: no room. */
export const FULL: readonly string[] = ['ENOSPC', 'EDQUOT']

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

/** A system error as an `io` error that names the file. Any other error is returned as it is. */
export function writeError(path: string, thrown: unknown): unknown {
  const errno = errnoOf(thrown)
  if (errno === undefined) return thrown
  const reason = REASONS[errno]
  const why = reason === undefined ? errno : `${reason} (${errno})`
  return new LocketError('io', `cannot write ${path}: ${why}`, { cause: thrown })
}
