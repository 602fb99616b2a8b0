import { rewordError, type LocketError } from '../../../core/vocabulary/errors.ts'
import type { Clock } from '../../../core/ports/clock.ts'
import { formatTimeLeft } from '../../../core/text/units.ts'

const REMEMBERED_MS = 60_000

/**
 * Credentials that a server did not accept, by their digest. Asking again with the same one locks accounts and uses up quotas, so it is
 * not done within a minute; another credential in the same file is asked about at once.
 */
export interface Refusals {
  /** Throws what was remembered. */
  check(digest: string): void
  note(digest: string, error: LocketError): void
}

export function createRefusals(clock: Clock): Refusals {
  let known: { readonly digest: string; readonly error: LocketError; readonly until: number } | undefined
  return {
    check(digest) {
      const leftMs = known === undefined ? 0 : known.until - clock.elapsed()
      if (known === undefined || known.digest !== digest || leftMs <= 0) return
      const left = formatTimeLeft(leftMs)
      throw rewordError(
        known.error,
        `${known.error.reason}; not asked again for ${left} with this credential`,
      )
    },
    note(digest, error) {
      known = { digest, error, until: clock.elapsed() + REMEMBERED_MS }
    },
  }
}
