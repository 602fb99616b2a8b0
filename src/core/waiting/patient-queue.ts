import { onHurry } from './patience.ts'

/** The part of a clock that the queue needs: see Clock. */
interface SleepClock {
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

/** The two ways in which a request can begin. */
interface Ways<T> {
  /** Begins a request that waits no longer, because its turn has come. */
  readonly go: () => Promise<T>
  /** Begins a request that is not patient any more: it waits like all others. */
  readonly hurry: () => Promise<T>
}

/** The requests that wait behind all others, first come first served. */
interface PatientQueue {
  /** Waits for the turn of one request, and resolves with its answer. There is no limit for the wait. */
  run<T>(ways: Ways<T>, signal: AbortSignal): Promise<T>
  /** Asks again whether the first one may go. Call it when something has changed. */
  look(): void
  size(): number
}

/**
 * Makes a queue. `waitMs` returns the milliseconds until the first one may go; undefined: it is known only at
 * the next `look`. An empty queue has no timer.
 */
export function createPatientQueue(clock: SleepClock, waitMs: () => number | undefined): PatientQueue {
  const queue = new Set<() => void>()
  /** Ends the pause before the next turn. */
  let pause: AbortController | undefined

  function look(): void {
    pause?.abort()
    pause = undefined
    for (const go of queue) {
      const ms = waitMs()
      if (ms === undefined) return
      if (ms > 0) return sleep(ms)
      go()
    }
  }

  function sleep(ms: number): void {
    const { signal } = (pause = new AbortController())
    clock.sleep(ms, signal).then(look, () => undefined)
  }

  return {
    look,
    size: () => queue.size,
    async run<T>({ go, hurry }: Ways<T>, signal: AbortSignal) {
      signal.throwIfAborted()
      const { promise, resolve, reject } = Promise.withResolvers<T>()
      const begin = (way: () => Promise<T>) => {
        queue.delete(turn)
        resolve(way())
      }
      const turn = () => begin(go)
      const giveUp = () => {
        if (queue.delete(turn)) reject(signal.reason)
        if (queue.size === 0) look()
      }
      using _hurried = onHurry(signal, () => {
        if (queue.has(turn)) begin(hurry)
        if (queue.size === 0) look()
      })
      queue.add(turn)
      signal.addEventListener('abort', giveUp, { once: true })
      try {
        if (pause === undefined) look()
        return await promise
      } finally {
        signal.removeEventListener('abort', giveUp)
      }
    },
  }
}
