import type { Clock } from '../../core/ports/clock.ts'
import type { Programs } from '../../core/ports/process.ts'

/** Milliseconds after which the requests for the values are on their way. */
const PREPARE_MS = 40

/**
 * Loads what replacing this process takes while the secret managers work. If the values come sooner, that
 * happens when it is needed. Dispose ends the wait.
 */
export function prepareMeanwhile({
  programs,
  clock,
}: {
  readonly programs: Pick<Programs, 'prepare'>
  readonly clock: Clock
}): Disposable {
  const over = new AbortController()
  clock.sleep(PREPARE_MS, over.signal).then(programs.prepare, () => undefined)
  return { [Symbol.dispose]: () => over.abort() }
}
