import { createSingleFlight } from '../../core/waiting/single-flight.ts'
import { isLocketError } from '../../core/vocabulary/errors.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { Calls } from './calls.ts'
import { tokenRefused } from './explain.ts'

/**
 * Milliseconds between two replacements of a token that is only suspected to be dead, because it may not look
 * itself up.
 */
const SUSPICION_MS = 600_000

/** A token and its state. */
export interface TokenUse {
  readonly token: string
  /** Milliseconds since the epoch of the last successful answer to this token. */
  workedAt: number | undefined
  /** Whether the server has refused the token itself. */
  isDead: boolean
  /** When the token ends, in milliseconds since the epoch. Infinity: never, or not known. */
  endsAt: number
  /** True: the server can prolong it. */
  readonly isRenewable: boolean
}

/** Finds out whether a 403 is about the token or about the secret that was asked for. */
interface TokenCheck {
  /**
   * Asks the server about the token itself; callers at the same time share one request. `isProven`: the token
   * had worked before this batch. Rejects with `auth` when the token is not valid any more.
   */
  check(use: TokenUse, isProven: boolean, signal: AbortSignal): Promise<void>
  /**
   * Asks the server about the token once. Resolves also when the token may not look itself up, because it may
   * still read secrets.
   */
  probe(use: TokenUse, signal: AbortSignal): Promise<void>
}

/** Returns the state of a token that has not been used yet. */
export function createTokenUse(
  token: string,
  { endsAt, isRenewable }: Pick<TokenUse, 'endsAt' | 'isRenewable'>,
): TokenUse {
  return { token, workedAt: undefined, isDead: false, endsAt, isRenewable }
}

/** Makes the check of the tokens of one instance. `isRenewable`: another login would give another token. */
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
      // Old servers answer 403 both for a dead token and for one that may not look itself up. A token that
      // cannot be renewed and has worked before is therefore kept.
      use.isDead = isRenewable ? suspect(isProven) : use.workedAt === undefined
      if (use.isDead) throw tokenRefused(calls.who)
    }
  }

  function suspect(isProven: boolean): boolean {
    const now = clock.now()
    // A token that was made a moment ago is not dead.
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
