import pLimit from 'p-limit'
import { unlessAborted } from '../../../core/waiting/unless-aborted.ts'

/** Runs a task when fewer than the limit are running. */
interface Pool {
  /** Rejects with the signal's reason as soon as it aborts, even while the task still waits for its turn. */
  run<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T>
}

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
