import * as z from 'zod'
import { parsePlace } from '../../core/broker/place.ts'
import type { Clock } from '../../core/ports/clock.ts'
import { LocketError, toLocketError } from '../../core/vocabulary/errors.ts'
import { createBackOff } from '../../core/waiting/back-off.ts'
import type { ChangeListener } from '../define.ts'

/** The shortest and the longest pause between two questions that were not held, in milliseconds. */
const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [1000, 60_000]
/** The broker holds a question for 50 s. */
const HELD_MS = 65_000

const Watched = z.object({
  cursor: z.string().max(128),
  changed: z.union([z.literal('all'), z.array(z.string().max(800)).max(10_000)]),
})

/** The parts of a client that a watch needs. */
interface FollowPorts {
  readonly clock: Clock
  /** Asks for `/v2/watch` and resolves with the JSON of the answer. */
  readonly ask: (url: string, signal: AbortSignal) => Promise<unknown>
  /** The moment up to which this client knows of all changes. Empty: of none. */
  readonly cursor: { at: string }
}

/**
 * Holds a question to the broker all the time, and tells the listener what changes. A broker that restarts,
 * or another replica of it, does not know the cursor and says that anything may have changed. After a
 * failure, and when that is the answer twice in a row, the next question waits, longer each time. A refusal
 * of this machine counts as a change, so that those who use its values learn of it at once. Ends when the
 * signal aborts, and never rejects.
 */
export async function followBroker(
  { clock, ask, cursor }: FollowPorts,
  listener: ChangeListener,
  signal: AbortSignal,
): Promise<void> {
  const backOff = createBackOff(FIRST_PAUSE_MS, LONGEST_PAUSE_MS)
  let wasLost = false
  let isRefused = false

  async function once(): Promise<number> {
    using late = lateAfter(HELD_MS, clock)
    const both = AbortSignal.any([signal, late.signal])
    const answer = Watched.parse(await ask(`/v2/watch?since=${encodeURIComponent(cursor.at)}`, both))
    cursor.at = answer.cursor
    isRefused = false
    listener.live(true)
    const { changed } = answer
    const isLost = changed === 'all'
    if (!isLost || !wasLost) backOff.reset()
    const pauseMs = isLost && wasLost ? backOff.next() : 0
    wasLost = isLost
    if (isLost) {
      listener.changed(() => true)
      return pauseMs
    }
    const places = new Set(changed)
    if (places.size > 0) listener.changed(({ key }) => places.has(secretOf(key)))
    return pauseMs
  }

  while (!signal.aborted) {
    const pauseMs = await once().catch((thrown: unknown) => {
      if (signal.aborted) return 0
      listener.live(false)
      const { code, retryAfterMs } = toLocketError(thrown)
      if (code === 'auth' && !isRefused) listener.changed(() => true)
      isRefused = code === 'auth'
      return backOff.next(retryAfterMs)
    })
    if (pauseMs > 0) await clock.sleep(pauseMs, signal).catch(() => undefined)
  }
  listener.live(false)
}

/** `shop/db/user` → `shop/db`. */
function secretOf(key: string): string {
  const place = parsePlace(key)
  return place === undefined ? key : `${place.project}/${place.name}`
}

/** A signal that aborts after `ms` unless it is disposed before. */
function lateAfter(ms: number, clock: Clock): Disposable & { readonly signal: AbortSignal } {
  const [late, over] = [new AbortController(), new AbortController()]
  clock.sleep(ms, over.signal).then(
    () => late.abort(new DOMException('the broker did not answer a watch in time', 'TimeoutError')),
    () => undefined,
  )
  return {
    signal: late.signal,
    [Symbol.dispose]: () => over.abort(new LocketError('aborted', 'the watch has its answer')),
  }
}
