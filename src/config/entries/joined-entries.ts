import type { RequestedFile } from '../../core/plan/plan.ts'
import type { ParseRef } from '../../core/template/template.ts'
import type { EnvEntry } from './env-entry.ts'

/** A template that is probably not what its author meant. */
interface JoinedEntry {
  /** The setting, and the name of the variable or of the file. */
  readonly where: string
  readonly warning: string
}

/**
 * Returns a warning for each entry whose text goes on with `,NAME=` and another reference. That is part of
 * the value, and was probably meant as a second entry.
 */
export function joinedEntries(
  entries: readonly (EnvEntry | RequestedFile)[],
  { schemes = [] }: ParseRef,
): readonly JoinedEntry[] {
  const reference = ['\\{\\{', ...schemes.map((scheme) => `${scheme}:/`)].join('|')
  const second = new RegExp(`,\\s*[A-Za-z_][A-Za-z0-9_.-]*\\s*=\\s*(?:${reference})`)
  return entries.flatMap((entry) => {
    if (!('source' in entry) || entry.source.kind === 'file') return []
    return second.test(entry.source.template) ? [{ where: entry.origin, warning: JOINED }] : []
  })
}

const JOINED =
  'a comma and another NAME=TEMPLATE follow, and are part of the value: write a list with one entry on each line, or one flag for each'
