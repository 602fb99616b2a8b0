import { toLocketError } from '../../core/vocabulary/errors.ts'
import { bePatient, hurry } from '../../core/waiting/patience.ts'

/** One run of a renewal. */
export interface RunOptions {
  /** Patient in a refresh. */
  readonly signal: AbortSignal
  /** False: a template has changed, and somebody may be waiting for the new content. */
  readonly isRefresh: boolean
}

/** Tells refreshes, which are patient, from runs that a change of a template causes. */
export interface Urgency {
  /** Notes that a template has changed. A refresh that runs is not patient any more. */
  changed(): void
  /** Returns a listener of changed templates that notes the change first. */
  before<T extends readonly unknown[]>(listener: (...args: T) => void): (...args: T) => void
  /** Runs the renewal once. */
  run<T>(signal: AbortSignal, work: (run: RunOptions) => Promise<T>): Promise<T>
}

/** Makes it for one renewal. */
export function createUrgency(): Urgency {
  let isUrgent = false
  let current: AbortSignal | undefined
  function changed(): void {
    isUrgent = true
    if (current !== undefined) hurry(current)
  }
  return {
    changed,
    before:
      (listener) =>
      (...args) => {
        changed()
        listener(...args)
      },
    async run(parent, work) {
      const isRefresh = !isUrgent
      isUrgent = false
      const own = AbortSignal.any([parent])
      current = isRefresh ? bePatient(own) : own
      try {
        return await work({ signal: own, isRefresh })
      } catch (thrown) {
        // Content that needs more requests than a minute allows gets them only if it is patient.
        isUrgent ||= !isRefresh && toLocketError(thrown).code !== 'rate_limited'
        throw thrown
      } finally {
        current = undefined
      }
    },
  }
}
