/** A mutex for each key: tasks of one key never overlap, and tasks of other keys do not wait for them. */
export interface KeyedLock {
  /**
   * Runs `task` after all earlier tasks of `key`, in the order of the calls. When `signal` aborts first, it
   * rejects with the signal's reason and never runs `task`. A running task must watch the signal itself. A
   * task that calls `run` with its own key waits forever.
   */
  run<T>(key: string, signal: AbortSignal, task: () => T | Promise<T>): Promise<T>
}

type Wake = () => void

/** Returns a lock in which all keys are free. */
export function createKeyedLock(): KeyedLock {
  /** The waiting callers of each key that is taken. A free key has no entry. */
  const waiting = new Map<string, Set<Wake>>()

  async function run<T>(key: string, signal: AbortSignal, task: () => T | Promise<T>): Promise<T> {
    signal.throwIfAborted()
    const queue = waiting.get(key)
    if (queue === undefined) waiting.set(key, new Set())
    else await turn(queue, signal)
    try {
      signal.throwIfAborted()
      return await task()
    } finally {
      pass(key)
    }
  }

  function pass(key: string): void {
    const queue = waiting.get(key)
    const [next] = queue ?? []
    if (next === undefined) waiting.delete(key)
    else next()
  }

  return { run }
}

function turn(queue: Set<Wake>, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const leave = () => {
    queue.delete(wake)
    signal.removeEventListener('abort', giveUp)
  }
  const wake = () => {
    leave()
    resolve()
  }
  const giveUp = () => {
    leave()
    reject(signal.reason)
  }
  queue.add(wake)
  signal.addEventListener('abort', giveUp, { once: true })
  return promise
}
