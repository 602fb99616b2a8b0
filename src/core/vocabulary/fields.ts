import { LocketError } from './errors.ts'
import { Secret, wipeAll } from './secret.ts'

/** Number of fields that one `*` reference may have. */
const MOST_FIELDS = 1000
/** Bytes of all names and values of one `*` reference. */
const MOST_BYTES = 64 * 1024 * 1024

/** The name of a field as its provider has it, which may be any text, and its value. */
export type NamedSecret = readonly [name: string, value: Secret]

/** Bytes of each of the two lengths in front of a name and its value. */
const LENGTH_BYTES = 4

/**
 * Returns all fields as one value, so that caches and limits treat them as the answer to one reference. Wipes
 * the values, also when it throws. Throws `not_found` without any field, `ambiguous` for a name that occurs
 * twice, `too_large` for more than 1000 fields or 64 MiB, and `provider_protocol` for a name with invalid
 * Unicode.
 */
export function packFields(fields: readonly NamedSecret[]): Secret {
  try {
    return pack(fields)
  } finally {
    wipeAll(fields.map(([, value]) => value))
  }
}

function pack(fields: readonly NamedSecret[]): Secret {
  if (fields.length === 0) throw new LocketError('not_found', 'there is no field with a value')
  if (fields.length > MOST_FIELDS)
    throw tooLarge(`there are ${fields.length} fields, and at most ${MOST_FIELDS} can be read with *`)
  const names = new Set<string>()
  const parts: Uint8Array[] = []
  for (const [name, value] of fields) {
    if (!name.isWellFormed())
      throw new LocketError('provider_protocol', 'the name of a field has invalid Unicode')
    if (names.has(name))
      throw new LocketError('ambiguous', `more than one field is named ${shownField(name)}`)
    names.add(name)
    parts.push(new TextEncoder().encode(name), value.reveal())
  }
  const length = parts.reduce((sum, part) => sum + LENGTH_BYTES + part.byteLength, 0)
  if (length > MOST_BYTES) throw tooLarge(`all fields together are larger than ${MOST_BYTES} bytes`)
  const packed = new Uint8Array(length)
  const view = new DataView(packed.buffer)
  let at = 0
  for (const part of parts) {
    view.setUint32(at, part.byteLength)
    packed.set(part, at + LENGTH_BYTES)
    at += LENGTH_BYTES + part.byteLength
  }
  return new Secret(packed)
}

/**
 * Returns copies of the fields that `packFields` has packed, in their order. The caller must wipe them, and
 * also the packed value, which is not changed.
 */
export function unpackFields(packed: Secret): readonly NamedSecret[] {
  const parts = partsOf(packed)
  return parts.flatMap((name, index) => {
    const value = parts[index + 1]
    if (index % 2 === 1 || value === undefined) return []
    return [[new TextDecoder().decode(name), new Secret(value.slice())] as const]
  })
}

/** Returns the names of the fields that `packFields` has packed, in their order. */
export function fieldNames(packed: Secret): readonly string[] {
  return partsOf(packed).flatMap((part, index) => (index % 2 === 0 ? [new TextDecoder().decode(part)] : []))
}

/**
 * Returns the packed fields as the text of a JSON object. The packed value is not changed. Throws
 * `unfit_value` for a field that is not UTF-8.
 */
export function fieldsAsJson(packed: Secret): Secret {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const parts = partsOf(packed)
  try {
    const texts = parts.map((part) => JSON.stringify(decoder.decode(part)))
    const members = texts.flatMap((name, index) => (index % 2 === 0 ? [`${name}:${texts[index + 1]}`] : []))
    return Secret.fromText(`{${members.join(',')}}`)
  } catch {
    throw new LocketError('unfit_value', 'a field is not UTF-8 text, so it cannot be part of a JSON object')
  }
}

/** Returns a field's name for a message: quoted, and at most 80 characters long. */
export function shownField(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name)
}

/** Returns views of the packed bytes: a name, its value, the next name, and so on. */
function partsOf(packed: Secret): Uint8Array[] {
  const bytes = packed.reveal()
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const parts: Uint8Array[] = []
  for (let at = 0; at < bytes.byteLength;) {
    const from = at + LENGTH_BYTES
    at = from + view.getUint32(at)
    parts.push(bytes.subarray(from, at))
  }
  return parts
}

function tooLarge(reason: string): LocketError {
  return new LocketError('too_large', reason, { hint: 'write a reference for each field that you need' })
}
