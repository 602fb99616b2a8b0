import { unlessAborted } from './unless-aborted.ts'

/** Work that the callers of one key share while it runs. */
export interface SingleFlight<T> {
  /**
   * Joins what runs for `key`, or begins it. A caller whose signal aborts leaves at once; when the last one has left, the work's own
   * signal aborts with that one's reason, and a later caller begins anew.
   */
  run(key: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T>
}

interface Flight<T> {
  readonly answer: Promise<T>
  readonly giveUp: AbortController
  callers: number
}

export function createSingleFlight<T>(): SingleFlight<T> {
  const flying = new Map<string, Flight<T>>()

  function begin(key: string, work: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const giveUp = new AbortController()
    const flight: Flight<T> = { answer: work(giveUp.signal), giveUp, callers: 0 }
    flying.set(key, flight)
    const end = () => forget(key, flight)
    flight.answer.then(end, end)
    return flight
  }

  function forget(key: string, flight: Flight<T>): void {
    if (flying.get(key) === flight) flying.delete(key)
  }

  return {
    async run(key, signal, work) {
      signal.throwIfAborted()
      const flight = flying.get(key) ?? begin(key, work)
      flight.callers += 1
      try {
        return await unlessAborted(() => flight.answer, signal)
      } finally {
        flight.callers -= 1
        if (signal.aborted && flight.callers === 0) {
          forget(key, flight)
          flight.giveUp.abort(signal.reason)
        }
      }
    },
  }
}
