import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../../src/core/ports/clock.ts'

export interface ManualClock extends Clock {
  /** Turns the clock; every sleep that ends on the way ends at its own time, in order. */
  advance(ms: number): Promise<void>
  /** How many sleep now. */
  sleepers(): number
}

interface Sleeper {
  readonly until: number
  readonly wake: () => void
}

/** A clock that moves only when the test moves it. */
export function createManualClock(start: number = Date.UTC(2026, 10, 22)): ManualClock {
  let time = start
  const sleeping = new Set<Sleeper>()
  return {
    now: () => time,
    elapsed: () => time - start,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted === true) return reject(signal.reason as Error)
        if (ms <= 0) return resolve()
        const sleeper: Sleeper = { until: time + ms, wake }
        function wake(): void {
          sleeping.delete(sleeper)
          signal?.removeEventListener('abort', aborted)
          resolve()
        }
        function aborted(): void {
          sleeping.delete(sleeper)
          reject(signal?.reason as Error)
        }
        sleeping.add(sleeper)
        signal?.addEventListener('abort', aborted, { once: true })
      }),
    nextTurn: () => nextTurn(),
    async advance(ms) {
      const end = time + ms
      for (;;) {
        await nextTurn()
        const next = [...sleeping].sort((a, b) => a.until - b.until)[0]
        if (next === undefined || next.until > end) break
        time = next.until
        next.wake()
      }
      time = end
      await nextTurn()
    },
    sleepers: () => sleeping.size,
  }
}
