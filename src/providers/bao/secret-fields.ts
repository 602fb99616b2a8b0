import { packFields, shownField } from '../../core/vocabulary/fields.ts'
import type { Lease, Resolved } from '../../core/vocabulary/resolve.ts'
import { Secret } from '../../core/vocabulary/secret.ts'
import { lateSchema } from '../lib/answers/late-schema.ts'
import { fieldHint } from '../lib/names/name-hint.ts'
import { providerError } from '../lib/provider-error.ts'
import { isObject, jsonText } from '../lib/reference/exact-json.ts'
import type { BaoReference, KvVersion } from './refs.ts'

/** The fields of one secret, with JSON values. */
export type Fields = Readonly<Record<string, unknown>>

/** All fields of one secret, and the facts that the server sent with them. */
export interface ReadSecret {
  readonly fields: Fields
  /** See `Resolved`. */
  readonly facts: Pick<Resolved, 'version' | 'expiresAt' | 'lease'>
}

/** The metadata of a version of a secret (KV version 2). */
export const VersionMetadata = lateSchema((z) =>
  z.object({ version: z.number(), destroyed: z.boolean().nullish() }),
)

/**
 * Returns one field as text. Throws `not_found` for a missing field or null, and `provider_protocol` for
 * invalid Unicode. `who` is the server, for messages.
 */
export function fieldOf(fields: Fields, { mount, path, field }: BaoReference, who: string): Secret {
  const where = shownPath({ mount, path })
  if (!Object.hasOwn(fields, field))
    throw providerError('not_found', `${who} has no field ${shownField(field)} at ${where}`, {
      hint: fieldHint(field, Object.keys(fields)),
    })
  const value = fields[field]
  if (value === null)
    throw providerError('not_found', `${who} has null in field ${shownField(field)} at ${where}`)
  const text = jsonText(value)
  if (text.isWellFormed()) return Secret.fromText(text)
  throw providerError(
    'provider_protocol',
    `${who} has text with invalid Unicode in field ${shownField(field)} at ${where}`,
  )
}

/**
 * Returns all fields of the secret but those that are null, as `packFields` makes it. Throws `not_found` when
 * there is none, and as `fieldOf` does.
 */
export function allOf(fields: Fields, reference: BaoReference, who: string): Secret {
  const names = Object.keys(fields).filter((name) => fields[name] !== null)
  if (names.length === 0)
    throw providerError('not_found', `${who} has no field with a value at ${shownPath(reference)}`)
  return packFields(names.map((field) => [field, fieldOf(fields, { ...reference, field }, who)]))
}

/**
 * Returns the value of the only field. Returns all fields as a JSON object if there are several. Throws as
 * `fieldOf` does.
 */
export function wholeOf(fields: Fields, reference: BaoReference, who: string): Secret {
  const [only, ...others] = Object.keys(fields)
  if (only !== undefined && others.length === 0) return fieldOf(fields, { ...reference, field: only }, who)
  if (only === undefined)
    throw providerError('not_found', `${who} has no field with a value at ${shownPath(reference)}`)
  return Secret.fromText(jsonText(fields))
}

/** Returns the facts of an answer with this lease. */
export function factsOf(
  answer: unknown,
  kv: KvVersion | undefined,
  lease: Lease | undefined,
): ReadSecret['facts'] {
  const data = isObject(answer) && kv === 2 ? answer['data'] : undefined
  const metadata = VersionMetadata.safeParse(isObject(data) ? data['metadata'] : undefined)
  return {
    ...(metadata.success ? { version: String(metadata.data.version) } : {}),
    ...(lease === undefined ? {} : { lease, expiresAt: lease.expiresAt }),
  }
}

/** Returns the fields of a version 1 answer; undefined for another answer. */
export function plainFields(answer: unknown): Fields | undefined {
  const data = isObject(answer) ? answer['data'] : undefined
  return isObject(data) ? data : undefined
}

/** Returns the path of a secret for messages, of at most 120 characters. */
export function shownPath({ mount, path }: Pick<BaoReference, 'mount' | 'path'>): string {
  const text = [...mount, ...path].join('/')
  return text.length > 120 ? `${text.slice(0, 120)}…` : text
}
