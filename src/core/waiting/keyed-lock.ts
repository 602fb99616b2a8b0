/** One queue per key: what runs under one key never overlaps, keys do not wait for each other. */
export interface KeyedLock {
  /**
   * Runs `task` when all earlier ones of `key` are done, in the order of the calls. When `signal` aborts first, rejects with its
   * reason and never runs `task`; once it runs, the signal is the task's own business. A task that waits for its own key waits forever.
   */
  run<T>(key: string, signal: AbortSignal, task: () => T | Promise<T>): Promise<T>
}

type Wake = () => void

export function createKeyedLock(): KeyedLock {
  /** Who waits for each key that is taken; a free key has no entry. */
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
