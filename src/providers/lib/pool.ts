import pLimit from 'p-limit'

/** Runs a task when fewer than the limit are running. */
export interface Pool {
  /** Rejects with the signal's reason as soon as it aborts, even while the task still waits for its turn. */
  run<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T>
}

export function createPool(limit: number): Pool {
  const turns = pLimit(limit)
  return {
    async run(task, signal) {
      signal.throwIfAborted()
      const { promise: aborted, reject } = Promise.withResolvers<never>()
      const abort = () => reject(signal.reason)
      signal.addEventListener('abort', abort, { once: true })
      try {
        const turn = turns(() => {
          signal.throwIfAborted()
          return task()
        })
        return await Promise.race([turn, aborted])
      } finally {
        signal.removeEventListener('abort', abort)
      }
    },
  }
}
