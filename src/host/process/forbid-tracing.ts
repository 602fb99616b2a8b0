import { LocketError } from '../../core/vocabulary/errors.ts'
import { loadLibc } from '../libc.ts'

/**
 * Forbids core dumps of this process, and forbids other processes of the same user to read its memory.
 * Rejects with `io`.
 */
export async function forbidTracing(): Promise<void> {
  const errno = (await loadLibc()).forbidTracing()
  if (errno !== undefined) throw new LocketError('io', `prctl PR_SET_DUMPABLE: ${errno}`)
}
