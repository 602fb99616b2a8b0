import { LocketError } from '../core/vocabulary/errors.ts'
import { nearest } from '../core/text/nearest.ts'
import type { ProviderInstance } from './define.ts'
import { isNamed } from './instance.ts'

interface NamedReference {
  readonly instance: ProviderInstance
  /** As the instance's kind reads it, without the name. */
  readonly reference: string
}

/** What stands before the + may be anything: a slip in the name is told of, and no text. */
const NAMED = /^([^\s:/]*)\+([a-z][a-z0-9.-]*):(\/\/)?/i

/**
 * `prod-vault+bao://…`, taken apart. `undefined`: neither name nor scheme is known, so it is somebody else's. Throws `ref_syntax` when one
 * of them is. Only name and scheme are repeated in messages: the rest may be the password of a URL.
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
  if (kind !== undefined) return `${name} is a kind and no name, write ${kind.def.schemes.join(':// or ')}://`
  const names = instances.filter(isNamed).map((candidate) => candidate.name)
  const near = nearest(name, names)
  const advice = near === undefined ? '' : `, did you mean ${near}?`
  const known = names.length === 0 ? 'no provider has a name' : `named are ${names.join(', ')}`
  return `no provider is named ${shown(name)}, ${known}${advice}`
}

function shown(name: string): string {
  return name.length > 63 ? `${name.slice(0, 63)}…` : name
}
