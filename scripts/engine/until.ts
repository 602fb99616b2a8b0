import { setTimeout as sleep } from 'node:timers/promises'

export interface UntilOptions {
  readonly timeoutMs?: number
}

const FIRST_PAUSE_MS = 5
const LONGEST_PAUSE_MS = 100

/**
 * Calls `ask` until it answers something other than undefined and false, and returns that answer. The pause
 * between two calls doubles up to 100 ms. Rejects after `timeoutMs` (60 s) with `what` in the message and the
 * last error of `ask` as cause.
 */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  { timeoutMs = 60_000 }: UntilOptions = {},
): Promise<T> {
  const end = performance.now() + timeoutMs
  let last: unknown
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    try {
      const answer = await ask()
      if (answer !== undefined && answer !== false) return answer
      last = undefined
    } catch (thrown) {
      last = thrown
    }
    if (performance.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`, { cause: last })
    await sleep(pauseMs)
  }
}
