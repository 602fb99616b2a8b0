import { createSingleFlight } from '../../core/waiting/single-flight.ts'
import { isLocketError } from '../../core/vocabulary/errors.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { Calls } from './calls.ts'
import { tokenRefused } from './explain.ts'

/** Where a token may not look itself up, it is replaced on suspicion no more often than that. */
const SUSPICION_MS = 600_000

/** A token, and what is known of it. */
export interface TokenUse {
  readonly token: string
  /** When the server last gave something for it. */
  workedAt: number | undefined
  isDead: boolean
}

/** A 403 may be about the token or about what was asked for: these know which. */
interface TokenCheck {
  /**
   * Asks the server about the token itself; callers at the same time ask once. `isProven`: whether it had worked before this batch.
   * Rejects with `auth` when the token is no good any more.
   */
  check(use: TokenUse, isProven: boolean, signal: AbortSignal): Promise<void>
  /** Asks once, for its own sake: a token that may not look itself up may be good for all else. */
  probe(use: TokenUse, signal: AbortSignal): Promise<void>
}

export function createTokenUse(token: string): TokenUse {
  return { token, workedAt: undefined, isDead: false }
}

/** `isRenewable`: whether another login would give another token. */
export function createTokenCheck(calls: Calls, clock: Clock, isRenewable: boolean): TokenCheck {
  const checks = createSingleFlight<void>()
  let suspectedAt = Number.NEGATIVE_INFINITY

  async function ask(use: TokenUse, signal: AbortSignal): Promise<void> {
    await calls.get({ path: ['auth', 'token', 'lookup-self'], token: use.token, signal })
    use.workedAt = clock.now()
  }

  async function lookUp(use: TokenUse, isProven: boolean, signal: AbortSignal): Promise<void> {
    try {
      await ask(use, signal)
    } catch (thrown) {
      if (!isLocketError(thrown) || thrown.code !== 'denied') throw thrown
      // Old servers say the same of a dead token and of one that may not look itself up. One that cannot be had anew, and has ever worked, is
      // not given up for that.
      use.isDead = isRenewable ? suspect(isProven) : use.workedAt === undefined
      if (use.isDead) throw tokenRefused(calls.who)
    }
  }

  function suspect(isProven: boolean): boolean {
    const now = clock.now()
    // One that was made a moment ago is not dead.
    if (!isProven || now - suspectedAt < SUSPICION_MS) return false
    suspectedAt = now
    return true
  }

  return {
    async probe(use, signal) {
      try {
        await ask(use, signal)
      } catch (thrown) {
        if (!isLocketError(thrown) || thrown.code !== 'denied') throw thrown
      }
    },
    async check(use, isProven, signal) {
      if (use.isDead) throw tokenRefused(calls.who)
      await checks.run(use.token, signal, (shared) => lookUp(use, isProven, shared))
    },
  }
}
