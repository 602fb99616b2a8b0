/**
 * Returns the milliseconds for which a token with this lifetime is used. A tenth of its life, at most a
 * minute, is left for requests that are under way when it expires.
 */
export function usableMs(lifetimeMs: number): number {
  return lifetimeMs - Math.min(60_000, lifetimeMs / 10)
}
