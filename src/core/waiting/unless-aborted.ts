/**
 * What `work` gives, unless `signal` aborts first: then rejects at once with `reason()`, left out: the signal's. `work` is not begun
 * under an aborted signal; once begun it goes on, and nobody hears of its end.
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
