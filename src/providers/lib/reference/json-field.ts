import { isLocketError } from '../../../core/vocabulary/errors.ts'
import { packFields } from '../../../core/vocabulary/fields.ts'
import { Secret } from '../../../core/vocabulary/secret.ts'
import { fieldHint } from '../names/name-hint.ts'
import { providerError } from '../provider-error.ts'
import { isObject, jsonText, parseExact } from './exact-json.ts'

/** A field of a value that holds a JSON object, as `?field=NAME` asks for it. */
export interface FieldChoice {
  /** The name of a field, or names joined by dots; left out: the value unchanged. */
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
  const object = readObject(bytes, who)
  const names = Object.keys(object).filter((name) => object[name] !== null)
  if (isAll === true) return packFields(names.map((name) => [name, Secret.fromText(jsonText(object[name]))]))
  const found = valueAt(object, field ?? '')
  if (found != null) return Secret.fromText(jsonText(found))
  throw providerError('not_found', `${who} has no field ${JSON.stringify(field)}`, {
    hint: fieldHint(field ?? '', names),
  })
}

/** Returns the field of that name, else the one at the end of a path of names that dots join. */
function valueAt(object: Readonly<Record<string, unknown>>, path: string): unknown {
  if (Object.hasOwn(object, path)) return object[path]
  for (let dot = path.indexOf('.'); dot !== -1; dot = path.indexOf('.', dot + 1)) {
    const inner = Object.hasOwn(object, path.slice(0, dot)) ? object[path.slice(0, dot)] : undefined
    const found = isObject(inner) ? valueAt(inner, path.slice(dot + 1)) : undefined
    if (found !== undefined) return found
  }
  return undefined
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
