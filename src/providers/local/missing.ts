import { LocketError } from '../../core/vocabulary/errors.ts'
import { nearHint } from '../lib/names/name-hint.ts'
import type { Entries } from './document.ts'

/**
 * Returns a `not_found` error whose hint is the nearest name, or else `advice`; left out: how to store the
 * secret. `text` is the reference or name as the user wrote it.
 */
export function missing(
  name: string,
  text: string,
  entries: Entries,
  {
    path,
    advice = `store it with \`locket secret set ${name}\``,
  }: { readonly path: string; readonly advice?: string },
): LocketError {
  return new LocketError('not_found', `there is no such secret in ${path}`, {
    facts: { path, references: [text] },
    names: ['path'],
    hint: nearHint(name, entries.keys()) ?? advice,
  })
}
