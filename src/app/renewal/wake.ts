import type { Clock } from '../../core/ports/clock.ts'

/** Remembers that something happened until it is asked, so that events while somebody works count as one. */
export interface Wake {
  readonly set: () => void
  /**
   * Resolves when it was set since the last time, when `ms` have passed, or when `signal` aborts. Without
   * `ms` there is no timer.
   */
  next(ms: number | undefined, signal: AbortSignal): Promise<void>
}

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

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  const { promise, resolve } = Promise.withResolvers<void>()
  signal.addEventListener('abort', () => resolve(), { once: true })
  await promise
}
