import { OVER } from '../../core/waiting/over.ts'
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
      // Not AbortSignal.any: it goes through everything that ever depended on `signal`, which takes
      // milliseconds after a thousand requests.
      const over = new AbortController()
      const end = () => over.abort(OVER)
      if (signal.aborted) end()
      signal.addEventListener('abort', end, { once: true })
      const slept =
        ms === undefined ? untilAborted(over.signal) : clock.sleep(ms, over.signal).catch(() => undefined)
      await Promise.race([waking.promise, slept])
      signal.removeEventListener('abort', end)
      end()
      waking = Promise.withResolvers<void>()
    },
  }
}
