/** The system's time and timers. Tests use a clock that they move themselves. */
export interface Clock {
  /** Returns milliseconds since the epoch. The system may set it back. */
  now(): number
  /** Returns milliseconds since an unknown moment. It never decreases: use it to measure durations. */
  elapsed(): number
  /** Resolves after `ms` milliseconds. Rejects with the signal's reason when that aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /**
   * Ends this turn of the event loop and resolves in a later one, after waiting requests were served. Each
   * turn resumes one caller.
   */
  nextTurn(): Promise<void>
}
