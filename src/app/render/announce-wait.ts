import { formatError, type LocketError } from '../../core/vocabulary/errors.ts'
import type { Clock } from '../../core/ports/clock.ts'
import type { Emit } from '../../core/ports/events.ts'
import { OVER } from '../../core/waiting/over.ts'

/** Milliseconds until the wait is reported, and between two reports. */
const FIRST_MS = 2000
const NEXT_MS = 10_000

/** The providers without an answer, and the last failure. */
export interface WaitState {
  readonly providers: readonly string[]
  readonly error: LocketError | undefined
}

/** A wait for providers. */
interface Wait {
  readonly clock: Clock
  readonly emit: Emit
  /** Milliseconds from now until the command gives up. */
  readonly timeoutMs: number
  readonly state: () => WaitState
}

/**
 * Reports what a rendering waits for, and how long still: after two seconds, and then every ten. Dispose it
 * when the wait is over.
 */
export function announceWait({ clock, emit, timeoutMs, state }: Wait): Disposable {
  const over = new AbortController()
  const start = clock.elapsed()
  async function announce(): Promise<void> {
    for (let pauseMs = FIRST_MS; ; pauseMs = NEXT_MS) {
      await clock.sleep(pauseMs, over.signal)
      const leftMs = timeoutMs - (clock.elapsed() - start)
      const { providers, error } = state()
      if (leftMs <= 0) return
      const seconds = Math.ceil(leftMs / 1000)
      if (error === undefined) emit('render.waiting', { providers: providers.join(' and '), seconds })
      else emit('render.waiting.again', { error: formatError(error), seconds })
    }
  }
  // Rejects only when it is disposed.
  announce().catch(() => undefined)
  return { [Symbol.dispose]: () => over.abort(OVER) }
}
