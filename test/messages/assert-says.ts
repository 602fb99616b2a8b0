import assert from 'node:assert/strict'
import { CANARY, type Expected } from './slip.ts'

/** Words that no answer to a user may hold: they are of the program's insides. */
const INSIDES =
  /\bENOENT\b|no code|undefined|\[object|internal|something went wrong|unknown error|^ {4}at |locket: locket|illegal /m

/** Asserts that the answer to a mistake says what, where, why and how to correct it, and no secret. */
export function assertSays(text: string, expected: Expected): void {
  for (const part of ['what', 'where', 'why', 'fix'] as const) {
    const wanted = expected[part]
    const isSaid = typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text)
    assert.ok(isSaid, `it does not say ${part} (${String(wanted)}): ${text}`)
  }
  assert.doesNotMatch(text, INSIDES)
  assert.ok(!text.includes(CANARY), `it says a secret: ${text}`)
}
