import { isLocketError } from '../../../core/vocabulary/errors.ts'
import { packFields } from '../../../core/vocabulary/fields.ts'
import { Secret } from '../../../core/vocabulary/secret.ts'
import { fieldHint } from '../name-hint.ts'
import { providerError } from '../provider-error.ts'
import { isObject, jsonText, parseExact } from './exact-json.ts'

/** A field of a value that holds a JSON object, as `?field=NAME` asks for it. */
export interface FieldChoice {
  /** The name of a field at the top level; left out: the value as it is. */
  readonly field?: string
  /** All fields, as `packFields` packs them. */
  readonly isAll?: true
}

/**
 * Returns the value, or the chosen field of its JSON object: a string without its quotes, any other value as
 * JSON. `who` names the secret in messages. Throws `provider_protocol` for a value that is not a JSON object,
 * and `not_found` for a field that is missing or null.
 */
export function chooseField(bytes: Uint8Array, { field, isAll }: FieldChoice, who: string): Secret {
  if (field === undefined && isAll !== true) return new Secret(bytes)
  const fields = readFields(bytes, who)
  if (isAll === true) return packFields([...fields].map(([name, value]) => [name, Secret.fromText(value)]))
  const found = fields.get(field ?? '')
  if (found !== undefined) return Secret.fromText(found)
  throw providerError('not_found', `${who} has no field ${JSON.stringify(field)}`, {
    hint: fieldHint(field ?? '', [...fields.keys()]),
  })
}

/** Returns the fields that are not null, in their order. The bytes are wiped. */
function readFields(bytes: Uint8Array, who: string): ReadonlyMap<string, string> {
  const fields = Object.entries(readObject(bytes, who)).filter(([, value]) => value !== null)
  return new Map(fields.map(([name, value]) => [name, jsonText(value)]))
}

function readObject(bytes: Uint8Array, who: string): Readonly<Record<string, unknown>> {
  try {
    const value = parseExact(bytes, who)
    if (isObject(value)) return value
  } catch (thrown) {
    // A value that is too deep or too wide is named as such.
    if (isLocketError(thrown) && thrown.code === 'too_large') throw thrown
  }
  throw providerError('provider_protocol', `${who} is not a JSON object, so it has no fields`, {
    hint: 'leave field= out to get the value unchanged',
  })
}
