import pLimit from 'p-limit'
import { unlessAborted } from '../../../core/waiting/unless-aborted.ts'

/** Runs at most a fixed number of tasks at the same time. */
interface Pool {
  /**
   * Runs the task when a place is free. Rejects with the signal's reason as soon as it aborts, even while the
   * task waits.
   */
  run<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T>
  /** Returns whether a task would run at once. */
  hasRoom(): boolean
}

/** Makes a pool for `limit` tasks. `onFree` is called when a task has ended. */
export function createPool(limit: number, onFree: () => void): Pool {
  const turns = pLimit(limit)
  return {
    run(task, signal) {
      const turn = () => {
        const done = turns(() => {
          signal.throwIfAborted()
          return task()
        })
        done.then(onFree, onFree)
        return done
      }
      return unlessAborted(turn, signal)
    },
    hasRoom: () => turns.activeCount < limit && turns.pendingCount === 0,
  }
}
