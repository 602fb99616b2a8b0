import pLimit from 'p-limit'
import { unlessAborted } from '../../../core/waiting/unless-aborted.ts'

/** Runs at most a fixed number of tasks at the same time. */
interface Pool {
  /**
   * Runs the task when a place is free. Rejects with the signal's reason as soon as it aborts, even while the
   * task waits.
   */
  run<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T>
}

/** Makes a pool for `limit` tasks. */
export function createPool(limit: number): Pool {
  const turns = pLimit(limit)
  return {
    run(task, signal) {
      const turn = () =>
        turns(() => {
          signal.throwIfAborted()
          return task()
        })
      return unlessAborted(turn, signal)
    },
  }
}
