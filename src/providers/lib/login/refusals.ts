import { rewordError, type LocketError } from '../../../core/vocabulary/errors.ts'
import type { Clock } from '../../../core/ports/clock.ts'
import { formatTimeLeft } from '../../../core/text/units.ts'

const REMEMBERED_MS = 60_000

/**
 * Remembers the last credential that a server refused, by its digest. Sending it again locks accounts and
 * uses up quotas, so it is not sent for a minute. Another credential in the same file is sent at once.
 */
interface Refusals {
  /** Throws the remembered error of this credential. */
  check(digest: string): void
  /** Remembers a refused credential for a minute. */
  note(digest: string, error: LocketError): void
}

/** Makes an empty memory of refusals. */
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
