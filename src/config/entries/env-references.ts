import type { ParseRef } from '../../core/template/template.ts'
import { fieldsOf, type Section } from '../../settings/field.ts'
import type { EnvEntry } from './env-entry.ts'

type Variables = Readonly<Record<string, string>>

/**
 * Returns the variables of an environment whose value is a reference with a known scheme
 * (`op://vault/item/field`), or a template with one, as entries. A value without a scheme is not a reference.
 * Variables of the settings of `sections` are left out: their templates are locket's own.
 */
export function environmentReferences(
  variables: Variables,
  { schemes = [] }: ParseRef,
  sections: readonly Section[],
): Extract<EnvEntry, { kind: 'variable' }>[] {
  if (schemes.length === 0) return []
  const own = new Set(fieldsOf(sections).map(({ env }) => env))
  const scheme = `(?:[a-z0-9._-]{1,64}\\+)?(?:${schemes.join('|')}):/`
  const isReference = new RegExp(`^\\s*${scheme}|\\{\\{[^{}]*?(?<![a-z0-9.])${scheme}`, 'i')
  return Object.entries(variables)
    .filter(([name, value]) => value.includes(':/') && !own.has(name) && isReference.test(value))
    .map(([name, template]) => ({
      kind: 'variable',
      name,
      source: { kind: 'inline', template },
      origin: `environment ${name}`,
    }))
}
