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
