import { LocketError } from '../../core/vocabulary/errors.ts'
import { isSecretName, type SecretName } from '../../core/vocabulary/secret-name.ts'
import { Secret } from '../../core/vocabulary/secret.ts'

const FORMAT = 'locket-secrets'
const VERSION = 1

/** A secret as the document holds it: in base64, so that it can be any bytes. It must never be printed. */
export interface Entry {
  readonly value: string
  /** When the secret was stored, in ISO 8601 and UTC. */
  readonly updated: string
}
/** All secrets of the document, by name. */
export type Entries = Map<SecretName, Entry>

/**
 * Parses the decrypted secrets file. Throws `provider_protocol` if `formatDocument` cannot have written it;
 * the error never quotes a value.
 */
export function parseDocument(plain: Uint8Array, path: string): Entries {
  const document = parseJson(plain, path)
  if (!isDocument(document)) throw unreadable(path, 'it is not a document of locket')
  const { version, secrets } = document
  if (version !== VERSION) {
    throw new LocketError(
      'provider_protocol',
      `${path} has format version ${version}, and only ${VERSION} is known here`,
      {
        hint: 'a newer locket wrote it',
      },
    )
  }
  const entries: Entries = new Map()
  for (const [name, entry] of Object.entries(secrets)) {
    if (!isSecretName(name)) throw unreadable(path, `${JSON.stringify(name)} is not the name of a secret`)
    if (!isEntry(entry))
      throw unreadable(path, `the entry ${JSON.stringify(name)} needs a base64 "value" and a time "updated"`)
    entries.set(name, { value: entry.value, updated: entry.updated })
  }
  return entries
}

/** Returns the document as bytes. The caller must wipe them. */
export function formatDocument(entries: Entries): Uint8Array {
  const secrets = Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)))
  return Buffer.from(`${JSON.stringify({ format: FORMAT, version: VERSION, secrets }, undefined, 1)}\n`)
}

/** Returns the entry of a value. `updatedAt` is in milliseconds since the epoch. */
export function entryOf(value: Secret, updatedAt: number): Entry {
  const bytes = value.reveal()
  const base64 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
  return { value: base64, updated: new Date(updatedAt).toISOString() }
}

/** Returns the value of an entry. The caller must wipe it. */
export function valueOf(entry: Entry): Secret {
  const bytes = Buffer.alloc(sizeOf(entry))
  bytes.write(entry.value, 'base64')
  return new Secret(bytes)
}

/** Returns the size of an entry's value in bytes. */
export function sizeOf(entry: Entry): number {
  return Buffer.byteLength(entry.value, 'base64')
}

interface Document {
  readonly version: number
  readonly secrets: object
}

// These two are written by hand: zod takes 20 ms to load, and no other part of `exec` with a secret of this
// file needs it.

function isDocument(value: unknown): value is Document {
  if (!isObject(value)) return false
  const { format, version, secrets } = value
  return format === FORMAT && typeof version === 'number' && isObject(secrets)
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z$/

function isEntry(value: unknown): value is Entry {
  if (!isObject(value)) return false
  const { value: bytes, updated } = value
  return typeof bytes === 'string' && isBase64(bytes) && typeof updated === 'string' && isTime(updated)
}

/**
 * A regular expression takes eight times as long for a large store. Space is let through by `fromBase64`, but
 * makes the text longer than its bytes need.
 */
function isBase64(text: string): boolean {
  try {
    const bytes = Uint8Array.fromBase64(text, { lastChunkHandling: 'strict' })
    bytes.fill(0)
    return Math.ceil(bytes.length / 3) * 4 === text.length
  } catch {
    return false
  }
}

function isTime(text: string): boolean {
  return TIME.test(text) && !Number.isNaN(Date.parse(text))
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parseJson(plain: Uint8Array, path: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(plain))
  } catch {
    // The error of the parser is not kept as a cause, because its text quotes the document.
    throw unreadable(path, 'it is not JSON')
  }
}

function unreadable(path: string, reason: string): LocketError {
  return new LocketError('provider_protocol', `${path} could be decrypted, but ${reason}`, {
    hint: '`locket secret` writes such files',
  })
}
