import { untilAborted } from '../../core/waiting/unless-aborted.ts'
import type { Clock } from '../../core/ports/clock.ts'

/** Remembers events until somebody waits for them. Events that come while somebody works count as one. */
export interface Wake {
  /** Records an event. */
  readonly set: () => void
  /**
   * Resolves when `set` was called since the last time, when `ms` have passed, or when `signal` aborts.
   * Without `ms` there is no timer.
   */
  next(ms: number | undefined, signal: AbortSignal): Promise<void>
}

/** Makes a memory without events. */
export function createWake(clock: Clock): Wake {
  let waking = Promise.withResolvers<void>()
  return {
    set: () => waking.resolve(),
    async next(ms, signal) {
      const over = new AbortController()
      const ended = AbortSignal.any([signal, over.signal])
      const slept = ms === undefined ? untilAborted(ended) : clock.sleep(ms, ended).catch(() => undefined)
      await Promise.race([waking.promise, slept])
      over.abort()
      waking = Promise.withResolvers<void>()
    },
  }
}
