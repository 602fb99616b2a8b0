/**
 * Resolves to the result of `work`. When `signal` aborts first, it rejects at once with `reason()`, by
 * default the signal's reason. `work` does not start under a signal that is aborted already. Work that was
 * started goes on after an abort, and its result is dropped.
 */
export async function unlessAborted<T>(
  work: () => Promise<T>,
  signal: AbortSignal,
  reason: () => unknown = () => signal.reason,
): Promise<T> {
  if (signal.aborted) throw reason()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const giveUp = () => reject(reason())
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    return await Promise.race([work(), aborted])
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}

/** Resolves when `signal` aborts, at once if it is aborted already. */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  const { promise, resolve } = Promise.withResolvers<void>()
  signal.addEventListener('abort', () => resolve(), { once: true })
  await promise
}
