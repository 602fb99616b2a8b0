import { randomInt } from 'node:crypto'

/** Pauses between tries that fail. */
interface BackOff {
  /**
   * Milliseconds until the next try, at least `atLeastMs`. Each call doubles the bound, up to the longest
   * pause.
   */
  next(atLeastMs?: number): number
  /** Milliseconds of the longest pause, for a failure that waiting alone does not mend. */
  longest(): number
  /** The next pause is the first one again. */
  reset(): void
}

/**
 * Up to a quarter is taken off each pause at random, so that those who failed together do not ask again
 * together.
 */
export function createBackOff(firstMs: number, longestMs: number): BackOff {
  let boundMs = firstMs
  return {
    next(atLeastMs = 0) {
      const pauseMs = Math.max(atLeastMs, jittered(boundMs))
      boundMs = Math.min(2 * boundMs, longestMs)
      return pauseMs
    },
    longest: () => jittered(longestMs),
    reset: () => void (boundMs = firstMs),
  }
}

function jittered(boundMs: number): number {
  return boundMs - randomInt(Math.floor(boundMs / 4) + 1)
}
