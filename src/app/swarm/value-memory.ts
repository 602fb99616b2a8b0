import { isOutOfReach } from '../../core/last-known-good/usable.ts'
import type { Clock } from '../../core/ports/clock.ts'
import { LocketError, toLocketError } from '../../core/vocabulary/errors.ts'
import type { SwarmConfig } from '../../config/volume/volume-config.ts'
import type { Secret } from '../../core/vocabulary/secret.ts'
import type { AccessNotes } from '../audit/access-notes.ts'
import { holdValue, type HeldBytes, type HeldValue } from './held-values.ts'
import type { ServedTasks } from './served-tasks.ts'

/** The answer of the providers to one template. */
export interface AskedValue {
  readonly value: Secret
  readonly notes: AccessNotes
  /** True: the value is valid for seconds only, and is not kept. */
  readonly isFleeting: boolean
  /** Milliseconds since the epoch. Undefined: it does not expire. */
  readonly expiresAt: number | undefined
}

/** A question to the providers that runs. */
export interface Question {
  readonly answer: Promise<AskedValue>
  /** Is called when the first caller has given up, with the reason for the instances that did not answer. */
  noteLate(): LocketError
}

/** A value, and where it came from. The receiver must let go of it. */
export interface TakenValue {
  readonly held: HeldValue
  readonly source: 'memory' | 'provider' | 'stale'
  /** For `stale`: why the providers did not give it. */
  readonly whyStale?: LocketError
}

/** The values of Swarm secrets in memory, each for its template. */
interface ValueMemory extends Disposable {
  /**
   * Returns the value of a template: from memory while it is fresh, else from the providers. While they are
   * out of reach it is the value in memory, if that is not too old. Rejects at the latest after `ASK_MS`. The
   * caller must let go of the value.
   */
  take(key: string, ask: () => Question): Promise<TakenValue>
  /** True: the value stays in memory for its time, and is forgotten for all tasks after that. */
  keeps(key: string, held: HeldValue): boolean
  /** Returns the bytes of all values in memory. */
  bytes(): number
}

/** Milliseconds that a caller waits for the providers. The question goes on after that. */
const ASK_MS = 1500
/** Milliseconds for which an error is the answer to the same question. */
const ERROR_MS = 5000
const MOST_TEMPLATES = 5000
const MOST_BYTES = 64 * 1024 * 1024

interface Entry {
  held?: HeldValue | undefined
  /** A time as `Clock.elapsed` gives it. */
  freshUntil: number
  staleUntil: number
  asking?: (Question & { readonly settled: Promise<Settled> }) | undefined
  failure?: { readonly error: LocketError; readonly until: number } | undefined
}

/** The result of a question. A caller that uses `held` later than in the same turn must hold it. */
type Settled = { readonly held: HeldValue } | { readonly error: LocketError }

interface MemoryPorts extends Pick<SwarmConfig, 'ttlMs' | 'staleMs'> {
  readonly clock: Clock
  readonly served: ServedTasks
}

/** Makes a memory without values. */
export function createValueMemory({ clock, ttlMs, staleMs, served }: MemoryPorts): ValueMemory {
  const entries = new Map<string, Entry>()
  const total: HeldBytes = { bytes: 0 }
  const disposed = new AbortController()

  function entryOf(key: string): Entry {
    const known = entries.get(key) ?? { freshUntil: 0, staleUntil: 0 }
    // The entry that was used last is the last one.
    entries.delete(key)
    entries.set(key, known)
    return known
  }

  function begin(key: string, entry: Entry, ask: () => Question): NonNullable<Entry['asking']> {
    const question = ask()
    const settled = question.answer.then(
      (asked) => arrived(key, entry, asked),
      (thrown: unknown) => failed(key, entry, toLocketError(thrown)),
    )
    entry.asking = { ...question, settled }
    return entry.asking
  }

  function arrived(key: string, entry: Entry, asked: AskedValue): Settled {
    entry.asking = undefined
    entry.failure = undefined
    const { value, notes, isFleeting, expiresAt = Number.POSITIVE_INFINITY } = asked
    const held = holdValue(value, { notes, askedAt: clock.now() }, total)
    // The callers that wait for this answer have taken it by then.
    void clock.nextTurn().then(() => held.letGo())
    const leftMs = isFleeting || disposed.signal.aborted ? 0 : expiresAt - clock.now()
    const usableMs = Math.min(ttlMs + staleMs, leftMs)
    entry.held?.letGo()
    entry.held = undefined
    if (usableMs <= 0) return { held }
    entry.held = held.hold()
    entry.freshUntil = clock.elapsed() + Math.min(ttlMs, leftMs)
    entry.staleUntil = clock.elapsed() + usableMs
    const drop = () => {
      served.forget({ held })
      if (entry.held !== held) return
      entry.held = undefined
      held.letGo()
      if (entry.asking === undefined && entries.get(key) === entry) entries.delete(key)
    }
    clock.sleep(usableMs, disposed.signal).then(drop, drop)
    return { held }
  }

  function failed(key: string, entry: Entry, error: LocketError): Settled {
    entry.asking = undefined
    entry.failure = { error, until: clock.elapsed() + ERROR_MS }
    if (!isOutOfReach(error)) {
      // The provider has an answer, and it is no: the value before must not come back in an outage.
      entry.held?.letGo()
      entry.held = undefined
      served.forget({ key })
    }
    return { error }
  }

  /** Waits for the question, at most `ASK_MS`. Resolves with undefined after that. */
  async function settledInTime(asking: NonNullable<Entry['asking']>): Promise<Settled | undefined> {
    const over = new AbortController()
    const late = clock.sleep(ASK_MS, over.signal).then(
      () => undefined,
      () => undefined,
    )
    try {
      return await Promise.race([asking.settled, late])
    } finally {
      over.abort()
    }
  }

  function staleOr(entry: Entry, error: LocketError): TakenValue {
    if (entry.held !== undefined && isOutOfReach(error) && clock.elapsed() < entry.staleUntil)
      return { held: entry.held.hold(), source: 'stale', whyStale: error }
    throw error
  }

  function makeRoom(): void {
    while (total.bytes > MOST_BYTES && served.forgetFirst());
    for (const [key, entry] of entries) {
      if (total.bytes <= MOST_BYTES && entries.size <= MOST_TEMPLATES) return
      if (entry.asking !== undefined) continue
      entry.held?.letGo()
      entry.held = undefined
      entries.delete(key)
    }
  }

  return {
    async take(key, ask) {
      const entry = entryOf(key)
      makeRoom()
      if (entry.held !== undefined && clock.elapsed() < entry.freshUntil)
        return { held: entry.held.hold(), source: 'memory' }
      const { failure } = entry
      if (failure !== undefined && clock.elapsed() < failure.until) return staleOr(entry, failure.error)
      const asking = entry.asking ?? begin(key, entry, ask)
      const settled = await settledInTime(asking)
      if (settled === undefined) return staleOr(entry, asking.noteLate())
      if ('error' in settled) return staleOr(entry, settled.error)
      return { held: settled.held.hold(), source: 'provider' }
    },
    keeps: (key, held) => entries.get(key)?.held === held,
    bytes: () => total.bytes,
    [Symbol.dispose]() {
      disposed.abort(new LocketError('internal', 'the daemon stops'))
      while (served.forgetFirst());
      entries.clear()
    },
  }
}
