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
  /**
   * Does the same for an answer with a value. A version that is not the known one changes the text of the
   * reference for good: the versions were asked for before the value, which came from before or after them.
   */
  noteValue(key: string, row: BrokerRow | undefined): void
  /** Returns the text that is another one when the value may have changed. Undefined: it is not known. */
  textOf(key: string): string | undefined
  /** Notes that somebody looks at the version of a reference, which stays remembered for that. */
  use(key: string): void
  /** Returns all that are remembered. */
  all(): readonly (readonly [key: string, version: string])[]
}

/** Returns a memory of versions that is empty. */
export function createKnownVersions(clock: Clock): KnownVersions {
  const known = new Map<string, { version: string; surprises: number; usedAt: number }>()

  function keep(key: string, version: string): void {
    const { surprises = 0 } = known.get(key) ?? {}
    const [oldest] = known.size >= MOST_KNOWN && !known.has(key) ? known.keys() : []
    if (oldest !== undefined) known.delete(oldest)
    known.set(key, { version, surprises, usedAt: clock.elapsed() })
  }

  function note(key: string, row: BrokerRow | undefined): void {
    if (row === undefined || 'error' in row || row.expiresAt !== undefined || row.fleeting === true)
      known.delete(key)
    else keep(key, row.version)
  }

  return {
    note,
    noteValue(key, row) {
      const before = known.get(key)?.version
      note(key, row)
      const now = known.get(key)
      if (now !== undefined && before !== undefined && now.version !== before) now.surprises += 1
    },
    textOf(key) {
      const one = known.get(key)
      return one && `${one.version} ${one.surprises}`
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
