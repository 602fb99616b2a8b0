import { LocketError } from '../core/vocabulary/errors.ts'
import { nearest } from '../core/text/nearest.ts'
import type { ProviderInstance } from './define.ts'
import { isNamed } from './instance.ts'

interface NamedReference {
  readonly instance: ProviderInstance
  /** The reference without the name, as the kind of the instance parses it. */
  readonly reference: string
}

/**
 * A name, a scheme and a colon. The name may be any text, so that a misspelt name is reported and not taken
 * for other text.
 */
const NAMED = /^([^\s:/]*)\+([a-z][a-z0-9.-]*):(\/\/)?/i

/**
 * Splits `prod-vault+bao://…` into the instance and its reference. Undefined: neither the name nor the scheme
 * is known, so the text is not a reference. Throws `ref_syntax` if only one of them is known. Messages repeat
 * only the name and the scheme, because the rest may hold the password of a URL.
 */
export function findNamed(instances: readonly ProviderInstance[], text: string): NamedReference | undefined {
  const [, name, written, slashes] = NAMED.exec(text) ?? []
  if (name === undefined || written === undefined) return undefined
  const scheme = written.toLowerCase()
  const instance = instances.find((candidate) => isNamed(candidate) && candidate.name === name)
  if (instance?.def.schemes.includes(scheme) === true)
    return { instance, reference: text.slice(name.length + 1) }
  if (slashes === undefined) return undefined
  if (instance !== undefined) throw otherScheme(instance, scheme)
  if (!instances.some(({ def }) => def.schemes.includes(scheme))) return undefined
  throw new LocketError(
    'ref_syntax',
    `${shown(name)}+${scheme}:// is a reference that cannot be read: ${noSuchName(instances, name)}`,
  )
}

function otherScheme({ name, def }: ProviderInstance, scheme: string): LocketError {
  const own = def.schemes.map((known) => `${name}+${known}://`).join(' or ')
  return new LocketError('ref_syntax', `${name}+${scheme}:// is a reference that cannot be read`, {
    hint: `${name} is of the kind ${def.kind}: write ${own}`,
  })
}

function noSuchName(instances: readonly ProviderInstance[], name: string): string {
  const kind = instances.find((candidate) => candidate.name === name)
  if (kind !== undefined)
    return `${name} is a kind and not a name, write ${kind.def.schemes.join(':// or ')}://`
  const names = instances.filter(isNamed).map((candidate) => candidate.name)
  const near = nearest(name, names)
  const advice = near === undefined ? '' : `, did you mean ${near}?`
  const known =
    names.length === 0
      ? 'no provider has a name: a table [providers.NAME] of a configuration file gives one'
      : `named are ${names.join(', ')}`
  return `no provider is named ${shown(name)}, ${known}${advice}`
}

function shown(name: string): string {
  return name.length > 63 ? `${name.slice(0, 63)}…` : name
}
