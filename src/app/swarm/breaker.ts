import { isOutOfReach } from '../../core/last-known-good/usable.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { LocketError } from '../../core/vocabulary/errors.ts'
import type { Outcomes } from '../../core/vocabulary/resolve.ts'
import type { ProviderInstance } from '../../providers/define.ts'

/** The instances that are not asked for some seconds, because they have just failed. */
export interface SwarmBreaker {
  /** Returns the error of an instance that is not asked now. */
  refusal(instance: ProviderInstance): LocketError | undefined
  /** Notes the answers of an instance. */
  note(instance: ProviderInstance, outcomes: Outcomes): void
  /** Notes that an instance gave no answer in time. */
  fail(instance: ProviderInstance, error: LocketError): void
}

/** Milliseconds for which a failing instance is not asked: a manager asks for one task after another. */
const PAUSE_MS = 5000

/** Makes a breaker that lets every question through. */
export function createSwarmBreaker(clock: Clock): SwarmBreaker {
  const failed = new Map<string, { readonly error: LocketError; readonly until: number }>()

  function fail({ key }: ProviderInstance, error: LocketError): void {
    failed.set(key, { error, until: clock.elapsed() + PAUSE_MS })
  }

  return {
    refusal({ key }) {
      const known = failed.get(key)
      return known !== undefined && clock.elapsed() < known.until ? known.error : undefined
    },
    note(instance, outcomes) {
      const errors = [...outcomes.values()].flatMap((outcome) => (outcome.ok ? [] : [outcome.error]))
      const error = errors.find(isOutOfReach)
      if (error === undefined) failed.delete(instance.key)
      else fail(instance, error)
    },
    fail,
  }
}
