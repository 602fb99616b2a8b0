import { LocketError } from '../../core/vocabulary/errors.ts'
import { shownField, type NamedSecret } from '../../core/vocabulary/fields.ts'
import { Secret } from '../../core/vocabulary/secret.ts'
import { fieldHint } from '../lib/names/name-hint.ts'
import { matchByName } from '../lib/names/name-match.ts'
import type { Match } from '../lib/names/name-match.ts'
import { toOpensshKey } from '../lib/login/openssh-key.ts'
import type { OpReference } from '../lib/reference/op-reference.ts'
import type { Item } from './answers.ts'
import { providerError } from '../lib/provider-error.ts'

type Field = Item['fields'][number]
type File = Item['files'][number]

/** The part of an item that a reference selects. `file`: its bytes must be downloaded. */
type Selected =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'file'; readonly fileId: string }
  /** The seed of a one-time password that the server did not compute. */
  | { readonly kind: 'seed'; readonly text: string }

/** The id of the section whose fields 1Password shows without a section. */
const UNNAMED_SECTION = 'add more'

/**
 * Returns the field or file of an item that the reference names. Throws `not_found`, `ambiguous`, or
 * `filter_failed` when the field cannot give the attribute or format.
 */
export function selectField(item: Item, reference: OpReference, who: string): Selected {
  const inSection = sectionFilter(item, reference, who)
  const field = theOne(matchField(item.fields.filter(inSection), reference), reference)
  if (field !== undefined) return readField(field, reference)
  const named = { id: (file: File) => file.id, name: (file: File) => file.name }
  const file = theOne(matchByName(item.files.filter(inSection), reference.field, named), reference)
  if (file !== undefined) return readFile(file, reference)
  const known = [
    ...item.fields.filter(inSection).map(({ label, id }) => (label === '' ? id : label)),
    ...item.files.filter(inSection).map(({ name }) => name),
  ]
  throw providerError(
    'not_found',
    `${who} has no field or file "${reference.field}" in ${placeOf(reference)}`,
    {
      hint: fieldHint(reference.field, known),
    },
  )
}

/**
 * Returns all fields of the item, or of the section that the reference names, which have a value: by label,
 * and by id where there is no label. One-time passwords are left out, because their value is the seed of all
 * codes, and so are files, which take a request each. Throws `not_found`, or `ambiguous` for two fields of
 * one label.
 */
export function allFields(item: Item, reference: OpReference, who: string): readonly NamedSecret[] {
  const fields = item.fields
    .filter(sectionFilter(item, reference, who))
    .filter((field) => field.value != null && field.value !== '' && !isOneTimePassword(field))
  const labels = Map.groupBy(fields, ({ label, id }) => (label === '' ? id : label))
  for (const [label, entries] of labels)
    if (entries.length > 1)
      throw ambiguous(`${entries.length} fields are named ${shownField(label)}`, entries)
  if (labels.size === 0)
    throw providerError('not_found', `${who} has no field with a value in ${placeOf(reference)}`)
  return [...labels].map(([label, [field]]) => [label, Secret.fromText(field?.value ?? '')])
}

/**
 * Finds a field. If the reference names no section, fields outside every section win over fields of a
 * section.
 */
function matchField(fields: readonly Field[], reference: OpReference): Match<Field> {
  const byId = fields.filter((field) => field.id === reference.field)
  const [only, second] = byId
  if (only !== undefined && second === undefined) return { kind: 'one', entry: only }
  const named = { name: (field: Field) => field.label }
  const free = fields.filter((field) => field.section == null || field.section.id === UNNAMED_SECTION)
  const match = matchByName(free, reference.field, named)
  return match.kind === 'none' ? matchByName(fields, reference.field, named) : match
}

function sectionFilter(item: Item, reference: OpReference, who: string): (entry: Field | File) => boolean {
  const { section } = reference
  if (section === undefined) return () => true
  const named = { id: (entry: SectionName) => entry.id, name: (entry: SectionName) => entry.label }
  const sections = sectionsOf(item)
  const match = matchByName(sections, section, named)
  if (match.kind === 'one') return (entry) => entry.section?.id === match.entry.id
  if (match.kind === 'none') {
    const labels = sections.map(({ label }) => label)
    throw providerError('not_found', `${who} has no section "${section}" in item "${reference.item}"`, {
      hint: fieldHint(section, labels),
    })
  }
  throw ambiguous(`${match.entries.length} sections are named "${section}"`, match.entries)
}

function placeOf({ section, item }: OpReference): string {
  return section === undefined ? `item "${item}"` : `section "${section}" of item "${item}"`
}

interface SectionName {
  readonly id: string
  readonly label: string
}

/** Returns the sections that the item lists, and those that only a field or file mentions. */
function sectionsOf(item: Item): SectionName[] {
  const sections = new Map(item.sections.map((section) => [section.id, section]))
  for (const { section } of [...item.fields, ...item.files]) {
    if (section != null && !sections.has(section.id))
      sections.set(section.id, { id: section.id, label: section.label ?? '' })
  }
  return [...sections.values()]
}

function readField(field: Field, { attribute, sshFormat }: OpReference): Selected {
  if (sshFormat !== undefined) return { kind: 'text', text: opensshKey(field) }
  if (attribute === 'otp') return oneTimePassword(field)
  if (attribute === 'title') return { kind: 'text', text: field.label }
  if (attribute === 'id' || attribute === 'type' || attribute === 'purpose')
    return { kind: 'text', text: field[attribute] }
  if (attribute === undefined || attribute === 'value') return { kind: 'text', text: field.value ?? '' }
  throw noAttribute('a field', attribute, 'value, otp, type, title, id or purpose')
}

function readFile(file: File, { attribute, sshFormat }: OpReference): Selected {
  if (sshFormat !== undefined)
    throw new LocketError('filter_failed', 'ssh-format is for fields, and this is a file')
  if (attribute === undefined || attribute === 'content') return { kind: 'file', fileId: file.id }
  if (attribute === 'id' || attribute === 'name') return { kind: 'text', text: file[attribute] }
  if (attribute === 'size' && file.size != null) return { kind: 'text', text: String(file.size) }
  if (attribute === 'type' && file.type != null) return { kind: 'text', text: file.type }
  throw noAttribute('this file', attribute, 'content, size, id or name')
}

function oneTimePassword(field: Field): Selected {
  if (field.totp != null && field.totp !== '') return { kind: 'text', text: field.totp }
  if (!isOneTimePassword(field) || field.value == null || field.value === '') {
    throw new LocketError(
      'filter_failed',
      'attribute=otp is for a one-time password, and this field is not one',
    )
  }
  return { kind: 'seed', text: field.value }
}

function isOneTimePassword({ type, value }: Field): boolean {
  return type === 'OTP' || type === 'TOTP' || value?.startsWith('otpauth:') === true
}

/**
 * Returns the key in the format of OpenSSH. Connect sends it as PKCS#8, and leaves the conversion to the
 * client.
 */
function opensshKey(field: Field): string {
  const key = toOpensshKey(field.value ?? '')
  if (key !== undefined) return key
  throw new LocketError(
    'filter_failed',
    'ssh-format=openssh is for an Ed25519 or RSA private key without a passphrase',
  )
}

function theOne<T extends { readonly id: string }>(match: Match<T>, reference: OpReference): T | undefined {
  if (match.kind === 'several')
    throw ambiguous(`${match.entries.length} fields are named "${reference.field}"`, match.entries)
  return match.kind === 'one' ? match.entry : undefined
}

function ambiguous(says: string, entries: readonly { readonly id: string }[]): LocketError {
  const ids = entries.slice(0, 10).map(({ id }) => id.replace(/[^\w .-]/g, '?').slice(0, 64))
  return new LocketError('ambiguous', `${says}: ${ids.join(', ')}`, {
    hint: 'name the section, or write the id',
  })
}

function noAttribute(what: string, attribute: string, known: string): LocketError {
  return new LocketError('filter_failed', `${what} has no attribute ${attribute}`, {
    hint: `it has ${known}`,
  })
}
