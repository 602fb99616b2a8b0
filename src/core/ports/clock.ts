/** Time, so that tests can turn it. */
export interface Clock {
  /** Milliseconds since the epoch. It may be set back. */
  now(): number
  /** Milliseconds since some moment. It only grows: for how long something lasts. */
  elapsed(): number
  /** Rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}
