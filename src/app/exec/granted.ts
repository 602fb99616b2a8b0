import type { EnvEntry } from '../../config/entries/env-entry.ts'
import { grantedVariables, type ListedSecret } from '../../core/plan/granted-names.ts'

/**
 * Returns an entry for the variable of each secret that is listed. Those of `named` come later and replace
 * them. Throws `plan_conflict`; see `grantedVariables`.
 */
export function grantedEntries(
  listed: readonly ListedSecret[],
  named: readonly EnvEntry[],
): readonly EnvEntry[] {
  const own = new Set(named.flatMap((entry) => (entry.kind === 'variable' ? [entry.name] : [])))
  return grantedVariables(listed, own).map(({ name, reference }) => ({
    kind: 'variable',
    name,
    source: { kind: 'inline', template: `{{ ${reference} }}` },
    origin: `flag --all ${name}`,
    grantedAs: reference,
  }))
}
