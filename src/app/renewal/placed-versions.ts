import type { Clock } from '../../core/ports/clock.ts'
import { bePatient } from '../../core/waiting/patience.ts'
import type { SecretRef } from '../../core/vocabulary/ref.ts'

/** Milliseconds after which the values are asked for although their versions are the same. */
const LONGEST_UNASKED_MS = 3_600_000

/** Returns one text for the versions of all references. Undefined: at least one is not known. */
export type VersionsOf = (refs: readonly SecretRef[], signal: AbortSignal) => Promise<string | undefined>

interface Asked {
  readonly text: string
  readonly at: number
}

/** Compares the versions of values on their server with those of the values that are in place. */
interface PlacedVersions {
  /** Asks for the versions, and calls `changed` unless they are the same. One question runs at a time. */
  ask(): void
  /** Begins a run that asks for the values. Call the result when they are in place. */
  begin(): () => void
  /** Ends the question. */
  end(): void
}

/** Returns the comparison for these references. It knows no versions yet. */
export function createPlacedVersions(
  { clock, versionsOf }: { readonly clock: Pick<Clock, 'elapsed'>; readonly versionsOf: VersionsOf },
  { refs, changed }: { readonly refs: () => readonly SecretRef[]; readonly changed: () => void },
): PlacedVersions {
  let ended = new AbortController()
  let [isAsking, isAskedAgain] = [false, false]
  let [last, placed] = [undefined as Asked | undefined, undefined as Asked | undefined]

  async function once(): Promise<void> {
    const { signal } = ended
    const at = clock.elapsed()
    // Versions are asked for before the values: a change in between is seen the next time.
    const text = await versionsOf(refs(), bePatient(signal)).catch(() => undefined)
    if (signal.aborted) return
    if (text !== undefined && text === placed?.text && at - placed.at < LONGEST_UNASKED_MS) return
    last = text === undefined ? undefined : { text, at }
    changed()
  }

  async function askAll(): Promise<void> {
    isAsking = true
    try {
      do {
        isAskedAgain = false
        await once()
      } while (isAskedAgain)
    } finally {
      isAsking = false
    }
  }

  return {
    ask() {
      // The answer that is under way may be from before a change that was told now.
      if (isAsking) isAskedAgain = true
      else void askAll()
    },
    begin() {
      const asked = last
      return () => void (placed = asked)
    },
    end() {
      ended.abort()
      ended = new AbortController()
    },
  }
}
