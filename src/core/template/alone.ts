import { LocketError } from '../vocabulary/errors.ts'
import type { Diagnostics } from './diagnostics.ts'
import { isBlank } from './tag.ts'
import type { Segment } from './template.ts'

const ALONE = 'it gives several values: write it alone, and a reference for each field in a text'

/**
 * Returns the segments of a template. One with a `*` reference has only that reference: blanks around it are
 * left out. Adds an error for a `*` reference with a filter, or with anything beside it.
 */
export function checkAlone(segments: readonly Segment[], diagnostics: Diagnostics): readonly Segment[] {
  const all = segments.filter((segment) => segment.kind === 'secret' && segment.ref.isAll === true)
  if (all.length === 0) return segments
  for (const segment of all) {
    if (segment.kind === 'text') continue
    const { ref, filters, line, column } = segment
    const isMixed = segments.some((other) => other !== segment && !isBlankText(other))
    const problem =
      filters.length > 0 ? 'takes no filter' : isMixed ? 'stands beside other text or tags' : undefined
    if (problem === undefined) continue
    diagnostics.error(
      { line, column },
      new LocketError('template_syntax', `a reference that ends in * ${problem}`, {
        hint: ALONE,
        facts: { references: [ref.text] },
      }),
    )
  }
  return all
}

function isBlankText(segment: Segment): boolean {
  return segment.kind === 'text' && segment.bytes.every((byte) => isBlank(byte))
}
