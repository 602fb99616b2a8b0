import { LocketError } from '../../core/vocabulary/errors.ts'
import { loadLibc } from '../libc.ts'

/** From now on this process leaves no core dump, and no other of its user may read its memory. Rejects with `io`. */
export async function forbidTracing(): Promise<void> {
  const errno = (await loadLibc()).forbidTracing()
  if (errno !== undefined) throw new LocketError('io', `prctl PR_SET_DUMPABLE: ${errno}`)
}
