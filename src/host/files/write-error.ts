import { errnoOf, LocketError } from '../../core/vocabulary/errors.ts'
import { systemReason } from '../../core/vocabulary/system-errors.ts'

/** Error codes of the system for a lack of space. */
export const FULL: readonly string[] = ['ENOSPC', 'EDQUOT']

/** Converts a system error to an `io` error that names the file. Returns any other error unchanged. */
export function writeError(path: string, thrown: unknown): unknown {
  const errno = errnoOf(thrown)
  if (errno === undefined) return thrown
  const reason = systemReason(errno, 'write')
  return new LocketError('io', `cannot write ${path}: ${reason}`, { cause: thrown })
}

/** Returns the error of a volume's folder: `too_large` when its tmpfs is full, else `io`. */
export function treeError(root: string, error: unknown): LocketError {
  const errno = errnoOf(error)
  if (errno !== undefined && FULL.includes(errno)) {
    return new LocketError('too_large', `the files do not fit into ${root}: the tmpfs is full`, {
      cause: error,
      hint: 'raise the driver option size',
    })
  }
  const reason = error instanceof Error && errno === undefined ? error.message : systemReason(errno, 'write')
  return new LocketError('io', `cannot write the files of ${root}: ${reason}`, { cause: error })
}
