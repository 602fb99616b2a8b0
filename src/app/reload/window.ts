import type { Clock } from '../../core/ports/clock.ts'

/** Milliseconds without a new item after which the items are handed on together. */
const QUIET_MS = 1000
/** Milliseconds after the first item, however many come. */
const LONGEST_MS = 5000

/**
 * Collects items that come close together: volumes that are refreshed by the same tick change one after the
 * other. `flush` gets each item once. After an abort of `stopping` it is not called.
 */
export function createWindow<T>(
  flush: (items: readonly T[]) => void,
  clock: Clock,
  stopping: AbortSignal,
): { add(item: T): void } {
  let items: T[] = []
  let quietAt = 0

  async function collect(): Promise<void> {
    const end = clock.elapsed() + LONGEST_MS
    for (let now = clock.elapsed(); now < Math.min(quietAt, end); now = clock.elapsed())
      await clock.sleep(Math.min(quietAt, end) - now, stopping)
    const all = items
    items = []
    flush(all)
  }

  return {
    add(item) {
      quietAt = clock.elapsed() + QUIET_MS
      // The signal has aborted when the sleep rejects: nothing is left to do.
      if (items.push(item) === 1) collect().catch(() => undefined)
    },
  }
}
