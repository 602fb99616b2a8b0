import { LocketError } from '../core/errors.ts'
import { nearest } from '../core/nearest.ts'
import type { SecretRef } from '../core/ref.ts'
import type { ParseRef } from '../core/template/template.ts'
import type { ProviderDef, ProviderInstance } from './define.ts'
import { hasCredential } from './instance.ts'
import { LATER, notBuilt } from './later.ts'

/** The kind that `provider` names, aliases resolved. Throws `config` for one that is not there. */
export function chooseKind(defs: readonly ProviderDef[], text: string): string {
  const found = defs.find((def) => namesOf(def).includes(text))
  if (found !== undefined) return found.kind
  const kinds = defs.map((def) => def.kind)
  const later = LATER.find((row) => namesOf(row).includes(text))
  if (later !== undefined) throw new LocketError('config', `${notBuilt(later)}, it has ${kinds.join(', ')}`)
  const near = nearest(text, defs.flatMap(namesOf))
  const advice = near === undefined ? '' : `, did you mean ${near}?`
  throw new LocketError('config', `must be one of ${kinds.join(', ')}${advice}`)
}

/**
 * Sends each reference to the instance that answers it: by its scheme, and where several share one, or there is none, to `chosen`.
 * Throws `ref_syntax` for a malformed one and for a scheme of a later version, `config` when its provider lacks a setting.
 */
export function routeReferences(
  instances: readonly ProviderInstance[],
  chosen: string | undefined,
): ParseRef {
  return (text) => {
    const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase()
    const takers = instances.filter(({ def }) => scheme !== undefined && def.schemes.includes(scheme))
    const [only, ...others] = takers
    if (only === undefined)
      return parseForeign(
        text,
        scheme,
        instances.find(({ def }) => def.kind === chosen),
      )
    if (others.length === 0) return usable(only, parse(only, text))
    // Who is meant matters only once the text is a reference at all.
    const ref = parse(only, text)
    if (ref === undefined) return undefined
    const meant = pick(takers, chosen, scheme ?? '')
    return usable(meant, parse(meant, text))
  }
}

/** No scheme of a provider that is there: one of a later version, a bare reference of the chosen provider, or somebody else's text. */
function parseForeign(
  text: string,
  scheme: string | undefined,
  chosen: ProviderInstance | undefined,
): SecretRef | undefined {
  const later = text.includes('://')
    ? LATER.find((row) => scheme !== undefined && row.schemes.includes(scheme))
    : undefined
  if (later !== undefined) {
    throw new LocketError('ref_syntax', `${scheme}:// is a reference that cannot be read: ${notBuilt(later)}`)
  }
  return chosen === undefined ? undefined : usable(chosen, parse(chosen, text))
}

function pick(
  takers: readonly ProviderInstance[],
  chosen: string | undefined,
  scheme: string,
): ProviderInstance {
  const named = takers.find(({ def }) => def.kind === chosen)
  if (named !== undefined) return named
  const [only, ...others] = takers.filter(hasCredential)
  if (only !== undefined && others.length === 0) return only
  const kinds = takers.map(({ def }) => def.kind).join(' or ')
  const reason = only === undefined ? 'neither has a credential' : 'more than one has a credential'
  throw new LocketError('config', `${scheme}:// may mean ${kinds}, and ${reason}`, {
    hint: `set provider to ${kinds}, with its settings`,
  })
}

function parse({ def, name, settings }: ProviderInstance, text: string): SecretRef | undefined {
  return def.parse(text, name, settings)
}

function usable({ def, settings }: ProviderInstance, ref: SecretRef | undefined): SecretRef | undefined {
  const problems = ref === undefined ? [] : def.check(settings)
  if (ref === undefined || problems.length === 0) return ref
  throw new LocketError('config', `${ref.text} needs ${def.kind}: ${problems.join(', ')}`)
}

function namesOf(row: { readonly kind: string; readonly aliases?: readonly string[] }): readonly string[] {
  return [row.kind, ...(row.aliases ?? [])]
}
