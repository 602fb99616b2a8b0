import { sharePatience } from './patience.ts'
import { unlessAborted } from './unless-aborted.ts'

/** Shares work that is running: callers of one key get the same result. */
export interface SingleFlight<T> {
  /**
   * Joins the work that runs for `key`, or starts it. When a caller's signal aborts, its call rejects at once
   * with the signal's reason. After the last caller has left, the work's own signal aborts, and the next
   * caller starts new work. A failure is shared too, and neither results nor failures are kept. The work is
   * patient as long as all of its callers are.
   */
  run(key: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T>
}

interface Flight<T> {
  readonly answer: Promise<T>
  readonly giveUp: AbortController
  callers: number
}

/** Returns a SingleFlight in which no work is running. */
export function createSingleFlight<T>(): SingleFlight<T> {
  const flying = new Map<string, Flight<T>>()

  function begin(key: string, giveUp: AbortController, answer: Promise<T>): Flight<T> {
    const flight: Flight<T> = { answer, giveUp, callers: 0 }
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
      const known = flying.get(key)
      const giveUp = known?.giveUp ?? new AbortController()
      using _patience = sharePatience(signal, giveUp.signal, known === undefined)
      const flight = known ?? begin(key, giveUp, work(giveUp.signal))
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
