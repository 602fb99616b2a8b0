import type { Clock } from '../../core/ports/clock.ts'
import type { BrokerRow } from './answers.ts'

/** References whose versions are remembered. */
const MOST_KNOWN = 10_000
/** Milliseconds after which a version that nobody looks at is forgotten. */
const FORGET_MS = 2 * 3_600_000

/** The versions of the values that this client was given last. They say nothing about the values. */
interface KnownVersions {
  /**
   * Remembers the version of an answer. A value with a lease, or one that changes without a new version, has
   * none: each question gives another one.
   */
  note(key: string, row: BrokerRow | undefined): void
  /** Notes that somebody looks at the version of a reference, which stays remembered for that. */
  use(key: string): void
  /** Returns all that are remembered. */
  all(): readonly (readonly [key: string, version: string])[]
}

/** Returns a memory of versions that is empty. */
export function createKnownVersions(clock: Clock): KnownVersions {
  const known = new Map<string, { version: string; usedAt: number }>()

  function keep(key: string, version: string): void {
    const [oldest] = known.size >= MOST_KNOWN && !known.has(key) ? known.keys() : []
    if (oldest !== undefined) known.delete(oldest)
    known.set(key, { version, usedAt: clock.elapsed() })
  }

  return {
    note(key, row) {
      if (row === undefined || 'error' in row || row.expiresAt !== undefined || row.fleeting === true)
        known.delete(key)
      else keep(key, row.version)
    },
    use(key) {
      const one = known.get(key)
      if (one !== undefined) one.usedAt = clock.elapsed()
    },
    all() {
      for (const [key, { usedAt }] of known) if (clock.elapsed() - usedAt > FORGET_MS) known.delete(key)
      return [...known].map(([key, { version }]) => [key, version])
    },
  }
}
