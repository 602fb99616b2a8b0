import type { Secret } from '../../core/vocabulary/secret.ts'
import type { AccessNotes } from '../audit/access-notes.ts'

/** A value in memory that several holders share. The last one that lets go of it wipes it. */
export interface HeldValue {
  readonly value: Secret
  /** The question that brought it. */
  readonly notes: AccessNotes
  /** When it was asked for, in milliseconds since the epoch. */
  readonly askedAt: number
  hold(): HeldValue
  letGo(): void
}

/** Counts the bytes of all values in memory. */
export interface HeldBytes {
  bytes: number
}

/** Takes a value into memory, with one holder. It takes ownership of `value`. */
export function holdValue(
  value: Secret,
  about: Pick<HeldValue, 'notes' | 'askedAt'>,
  held: HeldBytes,
): HeldValue {
  let holders = 1
  const size = value.byteLength
  held.bytes += size
  const own: HeldValue = {
    value,
    ...about,
    hold() {
      holders += 1
      return own
    },
    letGo() {
      holders -= 1
      if (holders !== 0) return
      held.bytes -= size
      value.wipe()
    },
  }
  return own
}
