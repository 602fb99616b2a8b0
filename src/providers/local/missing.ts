import { LocketError } from '../../core/vocabulary/errors.ts'
import { nearest } from '../../core/text/nearest.ts'
import type { Entries } from './document.ts'

/** `not_found` that tells the one nearest name, or how to store it. `text` is what the user wrote. */
export function missing(name: string, text: string, entries: Entries, path: string): LocketError {
  const near = nearest(name, [...entries.keys()])
  return new LocketError('not_found', `there is no ${text} in ${path}`, {
    facts: { path, references: [text] },
    names: ['path', 'references'],
    hint: near === undefined ? `store it with \`locket secret set ${name}\`` : `did you mean ${near}?`,
  })
}
