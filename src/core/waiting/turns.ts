/** The parts of a clock that divide work: see Clock. */
export interface TurnClock {
  elapsed(): number
  nextTurn(): Promise<void>
}

/** Work in small steps. It yields where other work may have its turn, and returns its result. */
export type Steps<T> = Generator<undefined, T, undefined>

/** Milliseconds after which long work lets others have their turn. */
export const TURN_MS = 8

/**
 * Returns a function to call between two steps of long work. It returns a promise to wait for when the turn
 * has lasted `TURN_MS`, else undefined.
 */
export function createPace(clock: TurnClock): () => Promise<void> | undefined {
  let since = clock.elapsed()
  async function pause(): Promise<void> {
    await clock.nextTurn()
    since = clock.elapsed()
  }
  return () => (clock.elapsed() - since < TURN_MS ? undefined : pause())
}

/**
 * Does all steps, in as many turns of the event loop as they take. `mayGoOn` is called between two turns.
 * When it throws, the steps are ended: their `finally` blocks run, their `catch` blocks do not.
 */
export async function inTurns<T>(
  steps: Steps<T>,
  clock: TurnClock,
  mayGoOn: () => void = () => undefined,
): Promise<T> {
  const pace = createPace(clock)
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
    const pause = pace()
    if (pause === undefined) continue
    await pause
    try {
      mayGoOn()
    } catch (thrown) {
      // The value is not used: no step returns it.
      steps.return(undefined as T)
      throw thrown
    }
  }
}

/** Does all steps at once. */
export function inOneTurn<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}
