import { hash } from 'node:crypto'

/** The hash before the first line of a log that continues no other. */
export const FIRST = '0'.repeat(64)

/** Facts of one line, in the order in which they are written. They hold no secret value. */
export type ChainFacts = object

/** One line without its line break, and its hash, which the next line holds as `prev`. */
interface ChainedLine {
  readonly text: string
  readonly hash: string
}

/**
 * Returns the line for these facts that follows the line with the hash `previous`. To change, remove or
 * insert a line, all later lines must be written anew.
 */
export function chainedLine(facts: ChainFacts, previous: string): ChainedLine {
  const text = JSON.stringify({ ...facts, prev: previous })
  return { text, hash: hashOf(text) }
}

/** Returns the SHA-256 of a line without its line break, as hexadecimal digits. */
export function hashOf(line: string | Uint8Array): string {
  return hash('sha256', line, 'hex')
}

/** A line that was read: its facts without `prev`, and the hash of the line before it. */
interface ReadLine {
  readonly facts: Readonly<Record<string, unknown>>
  readonly previous: string
}

/** Parses a line. Undefined: it is not a line of a chain. */
export function parseChained(text: string): ReadLine | undefined {
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed !== 'object' || parsed === null || !('prev' in parsed)) return undefined
    const { prev, ...facts } = parsed
    return typeof prev === 'string' && /^[0-9a-f]{64}$/.test(prev) ? { facts, previous: prev } : undefined
  } catch {
    return undefined
  }
}
