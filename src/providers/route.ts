import { LocketError } from '../core/vocabulary/errors.ts'
import { nearest } from '../core/text/nearest.ts'
import type { SecretRef } from '../core/vocabulary/ref.ts'
import type { ParseRef } from '../core/template/template.ts'
import { fieldsOf } from '../settings/field.ts'
import type { ProviderDef, ProviderInstance } from './define.ts'
import { hasCredential, isNamed } from './instance.ts'
import { findNamed } from './named-reference.ts'

/**
 * Returns the kind that the setting `provider` names, with aliases resolved, or one of `names`. Throws
 * `config` for an unknown name.
 */
export function chooseKind(
  defs: readonly ProviderDef[],
  text: string,
  names: readonly string[] = [],
): string {
  if (names.includes(text)) return text
  const found = defs.find((def) => namesOf(def).includes(text))
  if (found !== undefined) return found.kind
  const known = [...defs.map((def) => def.kind), ...names].join(', ')
  const near = productOf(text) ?? nearest(text, [...defs.flatMap(namesOf), ...names])
  const advice = near === undefined ? '' : `, did you mean ${near}?`
  throw new LocketError('config', `must be one of ${known}${advice}`)
}

/** Names of products and vendors, and the kinds that ask them. */
const PRODUCTS: readonly (readonly [name: RegExp, kinds: string])[] = [
  [/^(1|one)-?password$/i, 'op (a service account) or op-connect (a Connect server)'],
  [/^(op-?)?connect$/i, 'op-connect'],
  [/^bitwarden/i, 'bws'],
  [/^(hashicorp|hcp|openbao|hvault)/i, 'bao'],
  [/^(aws|amazon)$/i, 'aws-sm (Secrets Manager) or aws-ssm (Parameter Store)'],
  [/^(aws-?)?(secrets?-?manager|sm|asm)$/i, 'aws-sm'],
  [/^(aws-?)?(ssm|parameters?-?store|systems-?manager)$/i, 'aws-ssm'],
  [/^(gcp|google)/i, 'gcp-sm'],
  [/^(azure|akv|key-?vault)/i, 'azure-kv'],
  [/^(password-?store|gopass)$/i, 'pass'],
  [/^keepass/i, 'keepassxc'],
  [/^(file|embedded|store)$/i, 'local'],
  [/^environment$/i, 'env'],
]

function productOf(text: string): string | undefined {
  return PRODUCTS.find(([name]) => name.test(text))?.[1]
}

/**
 * Returns a parser that gives each reference to one instance. A name before the scheme decides. Without a
 * name the scheme decides, and `chosen` decides if several instances share the scheme or there is no scheme.
 * A named instance that is not `chosen` gets only references with its name. The parser throws `ref_syntax`
 * for a malformed reference and for an unknown name, and `config` if the provider lacks a setting.
 */
export function routeReferences(
  instances: readonly ProviderInstance[],
  chosen: string | undefined,
): ParseRef {
  const meant = instances.find(({ name }) => name === chosen)
  const parseRef: ParseRef = (text) => {
    const named = findNamed(instances, text)
    if (named !== undefined) return parseNamed(named.instance, named.reference, text)
    const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase()
    const all = instances.filter(({ def }) => scheme !== undefined && def.schemes.includes(scheme))
    const takers = all.filter((instance) => instance === meant || !isNamed(instance))
    const lead = takers.find((instance) => instance === meant) ?? takers[0]
    // The text is a bare reference of the chosen provider, or not a reference.
    if (lead === undefined) return meant === undefined ? undefined : usable(meant, parse(meant, text))
    const ref = parse(lead, text)
    // The choice between instances matters only if the text is a reference.
    if (ref === undefined) return undefined
    const instead = byName(all, scheme ?? '')
    if (lead === meant || takers.length === 1) return usable(lead, ref, instead)
    const picked = pick(takers, scheme ?? '', instead)
    return usable(picked, parse(picked, text), instead)
  }
  const schemes = [...new Set(instances.flatMap(({ def }) => def.schemes))]
  return Object.assign(parseRef, { schemes })
}

/** Parses a reference without its name. The ref keeps the text as the user wrote it. */
function parseNamed(instance: ProviderInstance, reference: string, text: string): SecretRef | undefined {
  const ref = parse(instance, reference)
  return usable(instance, ref === undefined ? undefined : { ...ref, text })
}

function pick(
  takers: readonly ProviderInstance[],
  scheme: string,
  instead: string | undefined,
): ProviderInstance {
  const [only, ...others] = takers.filter(hasCredential)
  if (only !== undefined && others.length === 0) return only
  const kinds = takers.map(({ def }) => def.kind).join(' or ')
  const reason = only === undefined ? 'neither has a credential' : 'more than one has a credential'
  const needs = takers.map(({ def }) => `${def.kind} needs ${credentialsOf(def).join(' or ')}`)
  const advice = `set provider to ${kinds}${only === undefined ? `: ${needs.join(', ')}` : ''}`
  throw new LocketError('config', `${scheme}:// may mean ${kinds}, and ${reason}`, {
    hint: instead === undefined ? advice : `${advice}; ${instead}`,
  })
}

/** Returns the settings that hold a credential: `op-token (OP_SERVICE_ACCOUNT_TOKEN)`. */
function credentialsOf({ settings }: ProviderDef): string[] {
  return fieldsOf([settings]).flatMap(({ credential, name, env }) =>
    credential === true ? [env === undefined ? name : `${name} (${env})`] : [],
  )
}

/** Returns a text that tells how to write a reference for the named instances of a scheme. */
function byName(instances: readonly ProviderInstance[], scheme: string): string | undefined {
  const names = instances.filter(isNamed).map(({ name }) => name)
  if (names.length === 0) return undefined
  const written = names.map((name) => `${name}+${scheme}://`).join(' or ')
  return `write ${written} for ${names.join(' and ')}, or set provider`
}

function parse({ def, name, settings }: ProviderInstance, text: string): SecretRef | undefined {
  return def.parse(text, name, settings)
}

/**
 * Returns the ref. Throws `config` if the instance lacks a setting. `instead` tells which other instances the
 * reference could name.
 */
function usable(
  instance: ProviderInstance,
  ref: SecretRef | undefined,
  instead?: string,
): SecretRef | undefined {
  const { def, name, settings } = instance
  const problems = ref === undefined ? [] : def.check(settings)
  if (ref === undefined || problems.length === 0) return ref
  const lines = isNamed(instance) ? problems.map(withoutVariables) : problems
  const hint = isNamed(instance) ? `in [providers.${name}] of the configuration file` : instead
  throw new LocketError('config', `${ref.text} needs ${name}: ${lines.join(', ')}`, {
    hint,
    facts: { provider: name, references: [ref.text] },
    names: ['provider', 'references'],
  })
}

/** Removes the names of variables, because they set only the instance that has no name. */
function withoutVariables(line: string): string {
  return line.replace(/ \([A-Z][A-Z0-9_, ]*\)/g, '')
}

function namesOf(row: { readonly kind: string; readonly aliases?: readonly string[] }): readonly string[] {
  return [row.kind, ...(row.aliases ?? [])]
}
