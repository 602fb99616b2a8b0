import { randomInt } from 'node:crypto'

/** Pauses between tries that fail. */
interface BackOff {
  /**
   * Returns the milliseconds until the next try, at least `atLeastMs`. Each call doubles the next pause, up
   * to the longest one.
   */
  next(atLeastMs?: number): number
  /** Returns the milliseconds of the longest pause, for a failure that a retry alone cannot fix. */
  longest(): number
  /** Starts again with the first pause. */
  reset(): void
}

/**
 * Returns a back-off from `firstMs` to `longestMs`, in milliseconds. Each pause is shortened at random by up
 * to a quarter, so that clients that failed together do not retry together.
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

/** Returns `ms`, longer or shorter by up to a tenth, so that several hosts do not ask at the same moment. */
export function giveOrTake(ms: number): number {
  const tenth = Math.floor(ms / 10)
  return ms - tenth + randomInt(2 * tenth + 1)
}

function jittered(boundMs: number): number {
  return boundMs - randomInt(Math.floor(boundMs / 4) + 1)
}
