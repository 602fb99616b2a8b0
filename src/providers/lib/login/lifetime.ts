/**
 * Returns for how many milliseconds a token of that lifetime is used: a tenth of its life, at most a minute, is left
 * for requests that are under way when it expires.
 */
export function usableMs(lifetimeMs: number): number {
  return lifetimeMs - Math.min(60_000, lifetimeMs / 10)
}
